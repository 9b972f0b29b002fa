#include "rules/policy.hpp"

#include <string>

#include "ackwire/limits.hpp"
#include "rules/quote.hpp"

namespace ackwire::rules {
namespace {

bool legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == ':';
}

Error outside(std::string_view member, const std::string& value, const std::string& range) {
  return {Errc::out_of_range, std::string(member) + " is " + value + ", allowed is " + range + ". Nothing was changed."};
}

template <class T>
Status within(std::string_view member, T value, T low, T high, const char* unit = "") {
  if (value >= low && value <= high) return {};
  return outside(member, std::to_string(value) + unit, std::to_string(low) + " to " + std::to_string(high) + unit);
}

Status duration_within(std::string_view member, Duration value, Duration low, Duration high) {
  return within<std::int64_t>(member, value.count(), low.count(), high.count(), " ms");
}

}  // namespace

Status check_name(std::string_view what, std::string_view name) {
  const auto bad = [&](std::string_view why) {
    return Error{Errc::invalid_name, "The " + std::string(what) + " name " + std::string(why) + ". Nothing was changed. Use 1 to " +
                                         std::to_string(limits::name_bytes) + " letters, digits or . _ - : and no leading dot."};
  };
  if (name.empty()) return bad("is empty");
  if (name.size() > limits::name_bytes) return bad("has " + std::to_string(name.size()) + " bytes");
  if (name.front() == '.') return bad("starts with a dot");
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!legal(name[i])) return bad("has the character " + quote_first(name.substr(i)) + " at byte " + std::to_string(i + 1));
  }
  return {};
}

}  // namespace ackwire::rules

namespace ackwire {
Status check_queue_name(std::string_view name) { return rules::check_name("queue", name); }
}  // namespace ackwire

namespace ackwire::rules {

Status check_policy(const QueuePolicy& p) {
  namespace l = limits;
  if (auto s = duration_within("visibility_timeout", p.visibility_timeout, l::visibility_timeout_min, l::visibility_timeout_max);
      !s)
    return s;
  if (auto s = within<std::uint32_t>("max_attempts", p.max_attempts, 1, 1000); !s) return s;
  if (auto s = duration_within("backoff.initial", p.backoff.initial, Duration{0}, l::delay_max); !s) return s;
  if (auto s = duration_within("backoff.max", p.backoff.max, p.backoff.initial, l::delay_max); !s) return s;
  // Written so that a NaN fails too.
  if (!(p.backoff.multiplier >= 1.0 && p.backoff.multiplier <= 100.0)) {
    return outside("backoff.multiplier", std::to_string(p.backoff.multiplier), "1 to 100");
  }
  if (!(p.backoff.jitter >= 0.0 && p.backoff.jitter <= 1.0))
    return outside("backoff.jitter", std::to_string(p.backoff.jitter), "0 to 1");
  if (auto s = duration_within("ttl", p.ttl, Duration{0}, l::ttl_max); !s) return s;
  if (auto s = duration_within("dedupe_window", p.dedupe_window, Duration{0}, l::dedupe_window_max); !s) return s;
  if (auto s = within<std::uint64_t>("max_depth", p.max_depth, 1, std::uint64_t{1} << 40); !s) return s;
  if (auto s = within<std::uint64_t>("max_depth_bytes", p.max_depth_bytes, 1024, std::uint64_t{1} << 50); !s) return s;
  if (auto s = within<std::uint32_t>("max_in_flight", p.max_in_flight, 1, 1'000'000); !s) return s;
  if (auto s = within<std::uint32_t>("max_message_bytes", p.max_message_bytes, 1, static_cast<std::uint32_t>(l::message_bytes)); !s)
    return s;
  if (p.on_expiry != OnExpiry::dead_letter && p.on_expiry != OnExpiry::discard)
    return outside("on_expiry", "unknown", "dead_letter or discard");
  return {};
}

QueuePolicy apply(const QueuePolicy& policy, const QueueChange& c) {
  QueuePolicy p = policy;
  const auto set = [](auto& member, const auto& change) {
    if (change) member = *change;
  };
  set(p.visibility_timeout, c.visibility_timeout);
  set(p.max_attempts, c.max_attempts);
  set(p.backoff.initial, c.backoff_initial);
  set(p.backoff.multiplier, c.backoff_multiplier);
  set(p.backoff.max, c.backoff_max);
  set(p.backoff.jitter, c.backoff_jitter);
  set(p.ttl, c.ttl);
  set(p.on_expiry, c.on_expiry);
  set(p.dedupe_window, c.dedupe_window);
  set(p.max_depth, c.max_depth);
  set(p.max_depth_bytes, c.max_depth_bytes);
  set(p.max_in_flight, c.max_in_flight);
  set(p.max_message_bytes, c.max_message_bytes);
  set(p.paused, c.paused);
  return p;
}

std::string_view cut_text(std::string_view text) {
  if (text.size() <= limits::error_text_bytes) return text;
  std::size_t end = limits::error_text_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace ackwire::rules
