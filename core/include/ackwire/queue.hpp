// Queues, consumer groups and their policies. Every policy can be changed at run time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/field.hpp"
#include "ackwire/limits.hpp"
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
template <>
inline constexpr auto words<OnExpiry> = std::to_array<std::pair<std::string_view, OnExpiry>>({
    {"dead_letter", OnExpiry::dead_letter},
    {"discard", OnExpiry::discard},
});

/// How one queue behaves. Defaults are safe: retry with backoff, dead letters kept, dedupe on.
struct QueuePolicy {
  Duration visibility_timeout{30'000};
  std::uint32_t max_attempts = 10;
  Backoff backoff{};
  Duration ttl{0};
  OnExpiry on_expiry = OnExpiry::dead_letter;
  Duration dedupe_window{600'000};
  std::uint64_t max_depth = 1'000'000;
  std::uint64_t max_depth_bytes = 8ull << 30;
  std::uint32_t max_in_flight = 100'000;
  std::uint32_t max_message_bytes = 1u << 20;
  bool paused = false;
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

template <>
inline constexpr auto fields<QueuePolicy> = Fields{
    changed_by(&QueueChange::visibility_timeout,
               field("visibility_timeout", &QueuePolicy::visibility_timeout, "how long a lease lasts")
                   .from_to(limits::visibility_timeout_min, limits::visibility_timeout_max)),
    changed_by(
        &QueueChange::max_attempts,
        field("max_attempts", &QueuePolicy::max_attempts, "attempts before a message becomes a dead letter").from_to(1, 1'000)),
    changed_by(&QueueChange::backoff_initial,
               field("backoff_initial", Within{&QueuePolicy::backoff, &Backoff::initial}, "wait before the first retry")
                   .in_group("backoff")
                   .from_to(Duration{0}, limits::delay_max)),
    changed_by(&QueueChange::backoff_multiplier, field("backoff_multiplier", Within{&QueuePolicy::backoff, &Backoff::multiplier},
                                                       "growth of the wait from retry to retry")
                                                     .in_group("backoff")
                                                     .from_to(1, 100)),
    changed_by(&QueueChange::backoff_max, field("backoff_max", Within{&QueuePolicy::backoff, &Backoff::max},
                                                "longest wait before a retry, at least backoff_initial")
                                              .in_group("backoff")
                                              .from_to(Duration{0}, limits::delay_max)),
    changed_by(&QueueChange::backoff_jitter,
               field("backoff_jitter", Within{&QueuePolicy::backoff, &Backoff::jitter}, "share of the wait that is random")
                   .in_group("backoff")
                   .from_to(0, 1)),
    changed_by(
        &QueueChange::ttl,
        field("ttl", &QueuePolicy::ttl, "default time to live of a message; 0: for ever").from_to(Duration{0}, limits::ttl_max)),
    changed_by(&QueueChange::on_expiry, field("on_expiry", &QueuePolicy::on_expiry, "what becomes of an expired message")),
    changed_by(&QueueChange::dedupe_window,
               field("dedupe_window", &QueuePolicy::dedupe_window, "how long idempotency keys are remembered; 0: not at all")
                   .from_to(Duration{0}, limits::dedupe_window_max)),
    changed_by(&QueueChange::max_depth,
               field("max_depth", &QueuePolicy::max_depth, "messages the queue may hold; over it, publishes are refused")
                   .from_to(1, 1ull << 40)),
    changed_by(&QueueChange::max_depth_bytes,
               field("max_depth_bytes", &QueuePolicy::max_depth_bytes, "bytes the queue may hold; over it, publishes are refused")
                   .from_to(1ull << 10, 1ull << 50)),
    changed_by(
        &QueueChange::max_in_flight,
        field("max_in_flight", &QueuePolicy::max_in_flight, "messages of one group under lease at once").from_to(1, 1'000'000)),
    changed_by(&QueueChange::max_message_bytes,
               field("max_message_bytes", &QueuePolicy::max_message_bytes, "largest body").from_to(1, limits::message_bytes)),
    changed_by(&QueueChange::paused, field("paused", &QueuePolicy::paused, "publishes are taken, nothing is handed out")),
};
template <>
inline constexpr AboutType about<QueuePolicy>{"QueuePolicy", "How a queue behaves."};
template <>
inline constexpr auto fields<QueueChange> = changes_of(fields<QueuePolicy>);
template <>
inline constexpr AboutType about<QueueChange>{"QueueChange", "A change of policy: only what is given changes."};

/// Durable counters and present state of one group. Conservation holds in every commit:
/// published = ready + delayed + leased + dead + acked + expired + discarded.
struct GroupInfo {
  std::string name;
  std::uint64_t ready = 0, delayed = 0, leased = 0, dead = 0;
  std::uint64_t published = 0, acked = 0, expired = 0, discarded = 0;
  std::uint64_t delivered = 0, redelivered = 0, nacked = 0, rejected = 0, released = 0;
  std::uint64_t lease_expired = 0, stale_settles = 0, dead_lettered = 0, redriven = 0;
  std::uint32_t consumers = 0;
  Duration oldest_age{0};
  bool paused = false;
};
template <>
inline constexpr auto fields<GroupInfo> = Fields{
    field("name", &GroupInfo::name, "of the group").must(),
    field("ready", &GroupInfo::ready, "messages that wait to be handed out, now"),
    field("delayed", &GroupInfo::delayed, "messages that wait for their time, now"),
    field("leased", &GroupInfo::leased, "messages handed out and not settled, now"),
    field("dead", &GroupInfo::dead, "dead letters, now"),
    field("published", &GroupInfo::published, "messages; this and all below count since the group was made"),
    field("acked", &GroupInfo::acked, "messages that were processed"),
    field("expired", &GroupInfo::expired, "messages whose time to live passed and that were discarded for it"),
    field("discarded", &GroupInfo::discarded, "messages and dead letters that an operator discarded"),
    field("delivered", &GroupInfo::delivered, "hand-overs, redeliveries included"),
    field("redelivered", &GroupInfo::redelivered, "hand-overs of a message that had been begun before"),
    field("nacked", &GroupInfo::nacked, "attempts that a consumer called failed"),
    field("rejected", &GroupInfo::rejected, "messages that a consumer called impossible to process"),
    field("released", &GroupInfo::released, "messages given back untried"),
    field("lease_expired", &GroupInfo::lease_expired, "leases that ended by time"),
    field("stale_settles", &GroupInfo::stale_settles, "settles refused because the lease had ended, since the broker started"),
    field("dead_lettered", &GroupInfo::dead_lettered, "messages that became dead letters"),
    field("redriven", &GroupInfo::redriven, "dead letters that went back to the group"),
    field("consumers", &GroupInfo::consumers, "subscriptions, now"),
    field("oldest_age", &GroupInfo::oldest_age, "age of the oldest message that is not final and not dead; 0: none"),
    field("paused", &GroupInfo::paused, "handed nothing, until somebody resumes it"),
};
template <>
inline constexpr AboutType about<GroupInfo>{
    "GroupInfo",
    "Durable counters and present state of one consumer group. "
    "In every commit published = ready + delayed + leased + dead + acked + expired + discarded."};

/// Whether a queue may have this name: 1 to limits::name_bytes ASCII letters, digits or . _ - : and no leading dot. Changes nothing
/// and needs no broker. Errors: invalid_name.
Status check_queue_name(std::string_view name);

/// A queue: policy, counters and groups.
struct QueueInfo {
  std::string name;
  std::uint32_t id = 0;
  Timestamp created{};
  QueuePolicy policy;
  std::uint64_t next_sequence = 1;
  std::uint64_t published = 0, published_bytes = 0, duplicates_suppressed = 0, refused = 0, damaged = 0;
  std::uint64_t depth = 0, depth_bytes = 0;
  std::uint64_t dedupe_keys = 0;
  std::vector<GroupInfo> groups;
};
template <>
inline constexpr auto fields<QueueInfo> = Fields{
    field("name", &QueueInfo::name, "of the queue").must(),
    field("id", &QueueInfo::id, "number of the queue in its store; never used again"),
    field("created", &QueueInfo::created, "when it was made"),
    field("policy", &QueueInfo::policy, "how it behaves"),
    field("next_sequence", &QueueInfo::next_sequence, "what the next message stored gets"),
    field("published", &QueueInfo::published, "messages stored"),
    field("published_bytes", &QueueInfo::published_bytes, "encoded records stored"),
    field("duplicates_suppressed", &QueueInfo::duplicates_suppressed, "publishes answered with duplicate = true"),
    field("refused", &QueueInfo::refused, "messages refused"),
    field("damaged", &QueueInfo::damaged,
          "rows of the store found damaged, each dealt with as operations.md says, since the broker started"),
    field("depth", &QueueInfo::depth, "messages not settled by every group"),
    field("depth_bytes", &QueueInfo::depth_bytes, "the same in bytes of encoded records"),
    field("dedupe_keys", &QueueInfo::dedupe_keys, "live idempotency keys, an upper bound"),
    field("groups", &QueueInfo::groups, "its consumer groups"),
};
template <>
inline constexpr AboutType about<QueueInfo>{"QueueInfo", "A queue: policy, counters and groups."};

}  // namespace ackwire
