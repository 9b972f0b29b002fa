// One consumer as the connection sees it: what it received, what it has still to settle, and how far it is in its life.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ackwire/consumer.hpp"
#include "client/gate.hpp"
#include "client/outcomes.hpp"
#include "client/read_ahead.hpp"
#include "client/received_run.hpp"
#include "model/command.hpp"

namespace ackwire::client {

/// Members are guarded by the gate.
struct Subscription {
  Subscription(model::SubscriptionId id_, std::string_view queue_, const ConsumerOptions& options)
      : id(id_),
        queue(queue_),
        group(options.group),
        renew(options.renew_leases),
        concurrency(options.concurrency),
        read_ahead(options.credit, options.concurrency) {}

  const model::SubscriptionId id;
  const std::string queue, group;
  const bool renew;
  const std::uint32_t concurrency;
  ReadAhead read_ahead;
  std::uint32_t told = 0;  // the credit that the broker knows

  enum class Phase : std::uint8_t {
    opening,  // not answered yet, in this session
    live,
    ending,  // waits for the pong that says that nothing more is on its way
    ended,
  };
  Phase phase = Phase::opening;
  std::optional<Error> end;    // why it ended, when not by close()
  std::uint32_t end_pong = 0;  // of Phase::ending
  bool closed = false;         // by the application
  Duration visibility_timeout{0};

  std::deque<ReceivedRun> buffer;  // bounded by credit
  std::uint64_t buffered() const {
    std::uint64_t messages = 0;
    for (const ReceivedRun& run : buffer) messages += run.run.count;
    return messages;
  }
  // Something was delivered in this session. What of it is still leased only the broker knows for certain: a settle may be a
  // repetition.
  bool received = false;
  Clock::time_point renewed{};
  std::uint64_t open = 0;                                  // handed to the application and not settled by it
  RangeList begun;                                         // of those, what the broker has not been told of
  Clock::time_point begun_due = Clock::time_point::max();  // when it is to be told
  std::condition_variable arrived;
  std::uint64_t interrupts = 0;
  bool returning = false;  // given back: until the next receive, whatever comes goes back as well

  Outcomes outcomes;
  RangeList acks;                                                    // of ack_async, not sent yet
  Clock::time_point acks_due = Clock::time_point::max();             // when they are sent; max: as soon as they can be
  bool acks_listed = false;                                          // in Subscriptions::acking_
  std::uint32_t acks_under_way = 0;                                  // settle frames of ack_async without an answer
  std::uint64_t acks_issued = 0, acks_answered = 0, acks_stale = 0;  // messages
  std::optional<Error> acks_error;                                   // the first since the last flush
  std::condition_variable settled;
  std::uint64_t damaged = 0;  // records that failed their checksum here
};

}  // namespace ackwire::client
