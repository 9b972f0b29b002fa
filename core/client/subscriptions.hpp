// The consumer's side: subscribes again on every new connection, keeps leases alive, routes deliveries and the answers to settles.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ackwire/consumer.hpp"
#include "client/subscription.hpp"
#include "model/command.hpp"
#include "model/effect.hpp"

namespace ackwire::client {

/// A blocking settle: on the stack of the thread that waits for it.
struct SettleWait {
  std::uint32_t open = 0;  // frames without an answer
  Settled result;
  std::optional<Error> error;
};

/// Not thread-safe: every call is made with the gate held.
class Subscriptions {
 public:
  std::shared_ptr<Subscription> open(std::string_view queue, const ConsumerOptions& options);
  void set_credit(Subscription& of, std::uint32_t credit);
  /// Sends back what was received and not taken, and whatever else comes until resume().
  void give_back(const std::shared_ptr<Subscription>& of);
  void resume(Subscription& of);
  /// Sends the settle, whose ranges may be of any number; `wait` may be null. Requires a session.
  void settle(const std::shared_ptr<Subscription>& of, const model::Settle& settle, SettleWait* wait);
  /// `wait` is about to leave the stack.
  void forget(const SettleWait& wait);
  void ack_later(const std::shared_ptr<Subscription>& of, std::uint64_t sequence, std::uint32_t delivery);
  /// Puts the subscription in line when it has acks to send.
  void list_acks(const std::shared_ptr<Subscription>& of);
  /// Stops deliveries; the rest happens at pong number `pong`.
  void begin_end(const std::shared_ptr<Subscription>& of, std::uint32_t pong);
  void end_all(std::uint32_t pong);
  /// The application has settled so many of the messages that it was handed.
  void closed(Subscription& of, std::uint64_t messages);
  /// The application is about to take up to so many. True when the broker has to be told of a higher credit for it.
  bool asked(Subscription& of, std::size_t messages);
  /// Takes messages that are not too old to be under lease, at most `max`; they are begun.
  std::uint64_t take(const std::shared_ptr<Subscription>& of, std::uint64_t max, Clock::time_point now,
                     std::vector<ReceivedRun>& out);

  /// A session began: subscribe again. `tells_begun`: the broker understands what was begun.
  void ready(std::uint64_t boot_epoch, bool tells_begun, Clock::time_point now);
  void session_lost(const Error& error);
  /// The connection is closed or has failed for good.
  void abandon(const Error& error);

  void subscribed(const model::Subscribed& answer, Clock::time_point now);
  /// False when the runs are damaged.
  bool deliver(model::SubscriptionId id, std::string_view runs, const std::shared_ptr<const void>& owner, Clock::time_point now);
  void settled(std::uint32_t request, const model::SettleResult& answer);
  void refused(std::uint32_t request, const Error& error, Clock::time_point now);
  void recalled(const model::Recall& recall);
  void ended(const model::SubscriptionEnded& ended);
  void ponged(std::uint32_t pongs);

  bool can_send() const { return !control_.empty() || !acking_.empty(); }
  bool next_frame(std::string& out);
  /// Renews what is due; returns when to look again.
  Clock::time_point tick(Clock::time_point now);
  /// A tick is wanted then, earlier than the last one said.
  Clock::time_point tick_wanted() const { return tick_wanted_; }
  /// Subscriptions that are not ended yet, and settles without an answer.
  bool idle() const { return by_id_.empty() && pending_.empty(); }

 private:
  struct Pending {
    std::shared_ptr<Subscription> of;
    model::SettleKind kind{};
    std::uint64_t messages = 0;
    std::uint64_t boot_epoch = 0;
    std::vector<model::SettleRange> ranges;  // of a settle that the application asked for
    bool async_ack = false;
    SettleWait* wait = nullptr;
  };
  using Pendings = std::unordered_map<std::uint32_t, Pending>;

  std::shared_ptr<Subscription> find(model::SubscriptionId id) const;
  void subscribe(Subscription& of);
  void send(const std::shared_ptr<Subscription>& of, model::Settle& settle, SettleWait* wait, bool async_ack);
  void send_acks(const std::shared_ptr<Subscription>& of);
  void release(const std::shared_ptr<Subscription>& of, RangeList& ranges);
  void release_buffer(const std::shared_ptr<Subscription>& of);
  void begin(Subscription& of, const std::vector<ReceivedRun>& runs, std::size_t from, Clock::time_point now);
  void tell_begun(Subscription& of);
  void tell_credit(Subscription& of);
  void send_credit(Subscription& of, std::uint32_t credit);
  Clock::time_point keep_alive(Subscription& of, Clock::time_point now);
  void answer(Pending& pending, const model::SettleResult& answer);
  void fail(Pending& pending, const Error& error);
  void repeat(Pending& pending, Clock::time_point due);
  void lose_acks(Subscription& of, const Error& error);
  void finish(Subscription& of, std::optional<Error> why);

  std::unordered_map<std::uint32_t, std::shared_ptr<Subscription>> by_id_;
  std::deque<std::string> control_;                   // bounded by the calls under way and the credit
  std::deque<std::shared_ptr<Subscription>> acking_;  // have acks that may be sent now
  Pendings pending_;
  std::uint32_t next_id_ = 1, next_request_ = 1;
  std::uint64_t boot_epoch_ = 0;
  Clock::time_point tick_wanted_ = Clock::time_point::max();
  bool ready_ = false;
  bool tells_begun_ = true;  // the broker takes BEGUN
};

}  // namespace ackwire::client
