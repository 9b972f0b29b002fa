// What the world saw of each message, from outside of the broker: the input of the checkers. A reply counts from the moment at
// which it left the broker, whether it arrived or not.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ackwire/queue.hpp"
#include "command.hpp"

namespace ackwire::simulator {

/// What a producer wanted to say.
struct Content {
  ContentId id = 0;
  std::string queue, key, body;
  bool may_expire = false;
  Duration first_attempt{-1};
};

/// One delivery of one message, until its lease ends.
struct LeaseFacts {
  SessionId session{};
  SubscriptionId subscription{};
  std::uint32_t delivery = 0;
  Duration started{0}, deadline{0};
  std::optional<Duration> extended;
  bool lapsed = false;  // its deadline passed before a renewal came: the broker may have ended it
};

/// A settle that was confirmed as applied, and for whom.
struct SettleFacts {
  model::SettleKind kind{};
  SessionId session{};
  SubscriptionId subscription{};
  friend bool operator==(const SettleFacts&, const SettleFacts&) = default;
};

/// One message in one group.
struct GroupFacts {
  std::uint32_t last_delivery = 0;               // highest that left
  std::optional<LeaseFacts> lease;               // as far as is known it is leased
  std::optional<std::uint32_t> acked;            // by a confirmed ack of this delivery
  std::map<std::uint32_t, SettleFacts> settled;  // by delivery
  bool maybe_acked = false;                      // an ack was processed; its answer may not have left
  bool maybe_discarded = false;                  // a purge, a discard or a time to live may have ended it
  std::string last_failure;                      // text of the last nack or reject that was confirmed
  bool last_was_reject = false;
};

struct MessageFacts {
  std::optional<ContentId> content;
  bool confirmed = false;
  std::map<std::string, GroupFacts> groups;  // by name
};

struct KeyFacts {
  std::uint64_t sequence = 0;
  Duration earliest{0}, latest{0};  // when it was stored, as far as is known
};

struct QueueFacts {
  QueuePolicy policy;
  std::uint32_t max_attempts_seen = 0;
  std::map<std::uint64_t, MessageFacts> messages;     // by sequence
  std::map<std::string, std::vector<KeyFacts>> keys;  // by idempotency key
  std::uint64_t purged_below = 0;                     // a purge may have discarded what is below
  std::uint64_t highest = 0;                          // sequence that left in a confirm or a delivery
  std::vector<std::string> groups;
};

struct Facts {
  std::vector<Content> contents;  // by id
  std::unordered_map<std::string, ContentId> by_body;
  std::map<std::string, QueueFacts> queues;
  struct Subscription {
    std::string queue, group;
    Duration renewed_until{0};
  };
  std::map<std::pair<SessionId, SubscriptionId>, Subscription> subscriptions;
  std::uint64_t boot_epoch = 0;

  GroupFacts& group(const std::string& queue, std::uint64_t sequence, const std::string& group_name) {
    return queues[queue].messages[sequence].groups[group_name];
  }
};

}  // namespace ackwire::simulator
