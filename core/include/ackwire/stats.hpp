// Live figures and history. The broker keeps the history in its store, so a window opened now shows the past.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ackwire/queue.hpp"

namespace ackwire {

/// What happened in one slot of time: to one queue, or to the whole broker.
struct Sample {
  Timestamp time{};  ///< start of the slot
  std::uint64_t published = 0, published_bytes = 0, suppressed = 0, refused = 0;
  std::uint64_t delivered = 0, redelivered = 0, acked = 0, nacked = 0, dead_lettered = 0, expired = 0, lease_expired = 0;
  std::uint64_t depth = 0, leased = 0, delayed = 0, dead = 0;  ///< at the end of the slot
  /// Publish to ack, milliseconds, of the messages acked in the slot; 0 = none.
  double latency_p50_ms = 0, latency_p95_ms = 0, latency_p99_ms = 0;
};

enum class Resolution : std::uint8_t {
  second = 1,        ///< 1 s slots, kept one hour
  ten_seconds = 2,   ///< 10 s slots, kept one day
  five_minutes = 3,  ///< 5 min slots, kept 30 days
};

struct HistoryQuery {
  std::string queue;  ///< empty: the whole broker
  Resolution resolution = Resolution::second;
  Timestamp from{};  ///< slots at or after it; at most limits::page_messages come back, oldest first
};

struct BrokerStats {
  std::string version;
  std::string store_id;  ///< hex; the store's identity
  std::uint64_t boot_epoch = 0;
  Timestamp now{}, started{};        ///< broker time
  std::int64_t clock_offset_ms = 0;  ///< the system's clock less broker time; 0 when they agree
  std::uint32_t sessions = 0, consumers = 0;
  std::uint64_t commits = 0;                    ///< since start
  double commit_p50_ms = 0, commit_p99_ms = 0;  ///< of the last minute
  std::uint64_t store_bytes = 0, store_bytes_limit = 0;
  bool publishes_refused = false;  ///< the store is over its soft limit
  std::vector<QueueInfo> queues;
};

}  // namespace ackwire
