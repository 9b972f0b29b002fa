#include "rules/policy.hpp"

#include <array>
#include <string>
#include <utility>

#include "ackwire/limits.hpp"
#include "ackwire/settings.hpp"
#include "ackwire/units.hpp"
#include "rules/quote.hpp"

namespace ackwire::rules {
namespace {

bool legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == ':';
}

/// The members that are numbers, in the order of the table.
std::array<std::pair<std::string_view, double>, 13> values_of(const QueuePolicy& p) {
  return {{
      {"visibility_timeout", static_cast<double>(p.visibility_timeout.count())},
      {"max_attempts", p.max_attempts},
      {"backoff_initial", static_cast<double>(p.backoff.initial.count())},
      {"backoff_multiplier", p.backoff.multiplier},
      {"backoff_max", static_cast<double>(p.backoff.max.count())},
      {"backoff_jitter", p.backoff.jitter},
      {"ttl", static_cast<double>(p.ttl.count())},
      {"dedupe_window", static_cast<double>(p.dedupe_window.count())},
      {"max_depth", static_cast<double>(p.max_depth)},
      {"max_depth_bytes", static_cast<double>(p.max_depth_bytes)},
      {"max_in_flight", p.max_in_flight},
      {"max_message_bytes", p.max_message_bytes},
      {"paused", p.paused ? 1 : 0},
  }};
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
  for (const auto& [name, value] : values_of(p)) {
    if (Status status = check_setting(setting(queue_settings(), name), value, "Nothing was changed."); !status) return status;
  }
  if (p.backoff.max < p.backoff.initial) {
    return Error{Errc::out_of_range, "backoff_max >= backoff_initial does not hold: " + format_duration(p.backoff.max) + " < " +
                                         format_duration(p.backoff.initial) + ". Nothing was changed."};
  }
  if (p.on_expiry != OnExpiry::dead_letter && p.on_expiry != OnExpiry::discard)
    return Error{Errc::out_of_range, "on_expiry is neither dead_letter nor discard. Nothing was changed."};
  return {};
}

std::string difference(const QueuePolicy& before, const QueuePolicy& after) {
  const auto was = values_of(before), is = values_of(after);
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view from, std::string_view to) {
    if (!text.empty()) text += ", ";
    text.append(name).append(" ").append(from).append(" -> ").append(to);
  };
  for (std::size_t i = 0; i < was.size(); ++i) {
    const auto& [name, value] = was[i];
    const Unit unit = setting(queue_settings(), name).unit;
    if (value != is[i].second) add(name, format_value(unit, value), format_value(unit, is[i].second));
  }
  const auto word = [](OnExpiry what) { return what == OnExpiry::discard ? "discard" : "dead_letter"; };
  if (before.on_expiry != after.on_expiry) add("on_expiry", word(before.on_expiry), word(after.on_expiry));
  return text;
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

std::string cut_text(std::string_view text) {
  constexpr std::string_view ellipsis = "\u2026";
  if (text.size() <= limits::error_text_bytes) return std::string(text);
  std::size_t end = limits::error_text_bytes - ellipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(ellipsis);
}

}  // namespace ackwire::rules
