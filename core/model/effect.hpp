// What must leave after the commit that makes it true, and not before.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ackwire/error.hpp"
#include "model/command.hpp"
#include "model/request.hpp"

namespace ackwire::model {

/// Answer to a publish frame. `entries` as in format/confirm.hpp.
struct Confirm {
  std::uint64_t producer_sequence = 0;
  std::string queue;
  std::string entries;
};
/// Messages for a subscription. `runs` as in format/run.hpp.
struct Deliver {
  SubscriptionId subscription{};
  std::string runs;
};
/// Answer to a subscribe: ok when `error.code` is ok.
struct Subscribed {
  SubscriptionId subscription{};
  std::uint32_t visibility_timeout_ms = 0;
  Error error{Errc::ok, {}};
};
/// Answer to a settle: the ranges that were refused as stale, the rest was applied.
struct SettleResult {
  SubscriptionId subscription{};
  std::uint32_t request = 0;
  std::uint32_t applied = 0;
  Error error{Errc::ok, {}};  // the whole settle was refused
  std::vector<SettleRange> stale;
};
/// Somebody else waits: give back up to `count` messages that are not begun.
struct Recall {
  SubscriptionId subscription{};
  std::uint32_t count = 0;
};
/// The broker ended the subscription (queue or group removed).
struct SubscriptionEnded {
  SubscriptionId subscription{};
  Error error;
};
struct Answer {
  std::uint32_t request = 0;
  Reply reply;
};

struct Effect {
  SessionId session{};
  std::variant<Confirm, Deliver, Subscribed, SettleResult, Recall, SubscriptionEnded, Answer> what;
};

}  // namespace ackwire::model
