// Live figures and history. The broker keeps the history in its store, so a window opened now shows the past.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/queue.hpp"

namespace ackwire {

/// What happened in one slot of time: to one queue, or to the whole broker.
struct Sample {
  Timestamp time{};
  std::uint64_t published = 0, published_bytes = 0, suppressed = 0, refused = 0;
  std::uint64_t delivered = 0, redelivered = 0, acked = 0, nacked = 0, dead_lettered = 0, expired = 0, lease_expired = 0;
  std::uint64_t depth = 0, leased = 0, delayed = 0, dead = 0;
  double latency_p50_ms = 0, latency_p95_ms = 0, latency_p99_ms = 0;
};
template <>
inline constexpr auto fields<Sample> = Fields{
    field("time", &Sample::time, "start of the slot").must(),
    field("published", &Sample::published, "messages stored in the slot"),
    field("published_bytes", &Sample::published_bytes, "encoded records stored in the slot"),
    field("suppressed", &Sample::suppressed, "publishes answered with duplicate = true"),
    field("refused", &Sample::refused, "messages refused"),
    field("delivered", &Sample::delivered, "hand-overs, redeliveries included"),
    field("redelivered", &Sample::redelivered, "hand-overs of a message that had been begun before"),
    field("acked", &Sample::acked, "messages that were processed"),
    field("nacked", &Sample::nacked, "attempts that a consumer called failed"),
    field("dead_lettered", &Sample::dead_lettered, "messages that became dead letters"),
    field("expired", &Sample::expired, "messages whose time to live passed"),
    field("lease_expired", &Sample::lease_expired, "leases that ended by time"),
    field("depth", &Sample::depth, "messages not settled by every group; this and the next three: at the end of the slot"),
    field("leased", &Sample::leased, "messages handed out and not settled"),
    field("delayed", &Sample::delayed, "messages that wait for their time"),
    field("dead", &Sample::dead, "dead letters"),
    field("latency_p50_ms", &Sample::latency_p50_ms, "publish to ack of the messages acked in the slot, median; 0: none"),
    field("latency_p95_ms", &Sample::latency_p95_ms, "the same, 95th percentile"),
    field("latency_p99_ms", &Sample::latency_p99_ms, "the same, 99th percentile"),
};
template <>
inline constexpr AboutType about<Sample>{"Sample", "What happened in one slot of time, to one queue or to the whole broker."};

enum class Resolution : std::uint8_t {
  second = 1,        ///< 1 s slots, kept one hour
  ten_seconds = 2,   ///< 10 s slots, kept one day
  five_minutes = 3,  ///< 5 min slots, kept 30 days
};
template <>
inline constexpr auto words<Resolution> = std::to_array<std::pair<std::string_view, Resolution>>({
    {"second", Resolution::second},
    {"ten_seconds", Resolution::ten_seconds},
    {"five_minutes", Resolution::five_minutes},
});

struct HistoryQuery {
  std::string queue;  ///< empty: the whole broker
  Resolution resolution = Resolution::second;
  Timestamp from{};  ///< slots at or after it; at most limits::page_messages come back, oldest first
};

/// The broker now.
struct BrokerStats {
  std::string version;
  std::string store_id;
  std::uint64_t boot_epoch = 0;
  Timestamp now{}, started{};
  std::int64_t clock_offset_ms = 0;
  std::uint32_t sessions = 0, consumers = 0;
  std::uint64_t commits = 0;
  double commit_p50_ms = 0, commit_p99_ms = 0;
  std::uint64_t store_bytes = 0, store_bytes_limit = 0;
  bool publishes_refused = false;
  std::vector<QueueInfo> queues;
};
template <>
inline constexpr auto fields<BrokerStats> = Fields{
    field("version", &BrokerStats::version, "of the broker").must(),
    field("store_id", &BrokerStats::store_id, "the store's identity, hex"),
    field("boot_epoch", &BrokerStats::boot_epoch, "rises with each start of the broker"),
    field("now", &BrokerStats::now, "broker time"),
    field("started", &BrokerStats::started, "when the broker started"),
    field("clock_offset_ms", &BrokerStats::clock_offset_ms, "the system's clock less broker time; 0: they agree"),
    field("sessions", &BrokerStats::sessions, "clients connected, this one included"),
    field("consumers", &BrokerStats::consumers, "subscriptions of all of them"),
    field("commits", &BrokerStats::commits, "since the start"),
    field("commit_p50_ms", &BrokerStats::commit_p50_ms, "length of a commit in the last minute, median"),
    field("commit_p99_ms", &BrokerStats::commit_p99_ms, "the same, 99th percentile"),
    field("store_bytes", &BrokerStats::store_bytes, "in use"),
    field("store_bytes_limit", &BrokerStats::store_bytes_limit, "size of the memory map"),
    field("publishes_refused", &BrokerStats::publishes_refused, "the store is over its soft limit"),
    field("queues", &BrokerStats::queues, "every queue"),
};
template <>
inline constexpr AboutType about<BrokerStats>{"BrokerStats", "The broker now."};

}  // namespace ackwire
