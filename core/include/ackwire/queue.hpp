// Queues, consumer groups and their policies. Every policy can be changed at run time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire {

/// Delay before retry n (n = 1 for the first): min(max, initial * multiplier^(n-1)), then reduced at random by up to
/// `jitter` of itself (1 = "full jitter", see the AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
struct Backoff {
  Duration initial{1'000};  ///< 0 to delay_max
  double multiplier = 2.0;  ///< 1 to 100
  Duration max{900'000};    ///< >= initial
  double jitter = 0.5;      ///< 0 (none) to 1 (full)
  friend bool operator==(const Backoff&, const Backoff&) = default;
};

enum class OnExpiry : std::uint8_t { dead_letter = 0, discard = 1 };

/// How one queue behaves. Defaults are safe: retry with backoff, dead letters kept, dedupe on.
struct QueuePolicy {
  Duration visibility_timeout{30'000};  ///< lease length; limits::visibility_timeout_min..max
  std::uint32_t max_attempts = 10;      ///< 1 to 1000; then a dead letter
  Backoff backoff{};                    ///< between attempts
  Duration ttl{0};                      ///< default time to live of a message; 0 = for ever
  OnExpiry on_expiry = OnExpiry::dead_letter;
  Duration dedupe_window{600'000};             ///< 0 = off; at most limits::dedupe_window_max
  std::uint64_t max_depth = 1'000'000;         ///< messages not yet settled by every group; over it: `overloaded`
  std::uint64_t max_depth_bytes = 8ull << 30;  ///< the same in bytes of encoded records
  std::uint32_t max_in_flight = 100'000;       ///< leased messages of one group
  std::uint32_t max_message_bytes = 1u << 20;  ///< body; at most limits::message_bytes
  bool paused = false;                         ///< true: publishes are taken, nothing is handed out
  friend bool operator==(const QueuePolicy&, const QueuePolicy&) = default;
};

/// A change of policy: only the members that are set change.
struct QueueChange {
  std::optional<Duration> visibility_timeout;
  std::optional<std::uint32_t> max_attempts;
  std::optional<Duration> backoff_initial;
  std::optional<double> backoff_multiplier;
  std::optional<Duration> backoff_max;
  std::optional<double> backoff_jitter;
  std::optional<Duration> ttl;
  std::optional<OnExpiry> on_expiry;
  std::optional<Duration> dedupe_window;
  std::optional<std::uint64_t> max_depth;
  std::optional<std::uint64_t> max_depth_bytes;
  std::optional<std::uint32_t> max_in_flight;
  std::optional<std::uint32_t> max_message_bytes;
  std::optional<bool> paused;
};

/// Durable counters and present state of one group. Conservation holds in every commit:
/// published = ready + delayed + leased + dead + acked + expired + discarded.
struct GroupInfo {
  std::string name;
  std::uint64_t ready = 0, delayed = 0, leased = 0, dead = 0;          ///< now
  std::uint64_t published = 0, acked = 0, expired = 0, discarded = 0;  ///< since the group was made
  std::uint64_t delivered = 0;                                         ///< hand-overs, redeliveries included
  std::uint64_t redelivered = 0;                                       ///< hand-overs of a message that had been begun before
  std::uint64_t nacked = 0, rejected = 0, released = 0;
  std::uint64_t lease_expired = 0;  ///< leases that ended by time
  std::uint64_t stale_settles = 0;  ///< settles refused because the lease had ended (since broker start)
  std::uint64_t dead_lettered = 0, redriven = 0;
  std::uint32_t consumers = 0;
  Duration oldest_age{0};  ///< age of the oldest message that is not final and not dead; 0 = none
};

/// Whether a queue may have this name: 1 to limits::name_bytes ASCII letters, digits or . _ - : and no leading dot. Changes nothing
/// and needs no broker. Errors: invalid_name.
Status check_queue_name(std::string_view name);

struct QueueInfo {
  std::string name;
  std::uint32_t id = 0;
  Timestamp created{};
  QueuePolicy policy;
  std::uint64_t next_sequence = 1;
  std::uint64_t published = 0;              ///< messages stored
  std::uint64_t published_bytes = 0;        ///< encoded records stored
  std::uint64_t duplicates_suppressed = 0;  ///< publishes answered with duplicate = true
  std::uint64_t refused = 0;                ///< messages refused (since broker start)
  std::uint64_t damaged = 0;  ///< rows of the store found damaged, each dealt with as operations.md says (since broker start)
  std::uint64_t depth = 0;    ///< messages not settled by every group
  std::uint64_t depth_bytes = 0;
  std::uint64_t dedupe_keys = 0;  ///< live idempotency keys (upper bound)
  std::vector<GroupInfo> groups;
};

}  // namespace ackwire
