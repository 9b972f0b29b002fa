// What sessions ask the engine to do. Views point into received frames and are valid during the call.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "ackwire/message.hpp"
#include "ackwire/settle.hpp"

namespace ackwire::model {

/// One connected peer, from hello to goodbye. Never reused within a boot epoch.
enum class SessionId : std::uint64_t {};
/// 16 random bytes that a client instance chooses once; its publishes are numbered under it.
using ProducerId = std::array<char, 16>;
/// Chosen by the client, unique in its session, not 0.
enum class SubscriptionId : std::uint32_t {};

/// Sampled once per turn. Decisions about leases use `mono`, everything stored uses `wall`.
struct Now {
  Timestamp wall{};
  Duration mono{};
};

/// One atomic batch.
struct PublishBatch {
  std::uint32_t count = 0;
  std::string_view records;
};

/// One publish frame. Batch i has the producer sequence producer_sequence + i.
struct Publish {
  std::string_view queue;
  ProducerId producer{};
  std::uint64_t producer_sequence = 0;  // of the first batch; starts at 1 for each producer and queue
  std::uint64_t first_unconfirmed = 0;  // the producer has the answers of everything below
  std::vector<PublishBatch> batches;
};

struct Subscribe {
  SubscriptionId subscription{};
  std::string_view queue, group;
  std::uint32_t credit = 0;
  /// How many messages the consumer works on at once, when it says with Begun which ones it has begun. 0: it says nothing, so
  /// everything that was handed out counts as begun.
  std::uint32_t concurrency = 0;
};

using ackwire::SettleKind;

/// Consecutive sequences of one delivery number.
struct SettleRange {
  std::uint64_t first_sequence = 0;
  std::uint32_t count = 0;
  std::uint32_t delivery = 0;
};

/// These messages have been handed to the application. Has no answer.
struct Begun {
  SubscriptionId subscription{};
  std::uint64_t boot_epoch = 0;
  std::vector<SettleRange> ranges;
};

struct Settle {
  SubscriptionId subscription{};
  std::uint32_t request = 0;  // echoed in the answer
  SettleKind kind = SettleKind::ack;
  std::uint64_t boot_epoch = 0;
  std::int64_t duration_ms = -1;  // nack: delay, -1 = by policy; extend: new length
  std::string_view text;          // nack: error; reject: reason
  std::vector<SettleRange> ranges;
};

}  // namespace ackwire::model
