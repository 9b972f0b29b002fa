#include "settings/fields.hpp"

#include <fmt/format.h>

#include <vector>

#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

std::uint32_t u32(const Value& value) { return static_cast<std::uint32_t>(std::get<std::uint64_t>(value)); }

template <class Target>
struct Place {
  std::string_view name;
  void (*set)(Target&, const Value&);
};

constexpr Place<QueueChange> policy[] = {
    {"visibility_timeout", [](QueueChange& c, const Value& v) { c.visibility_timeout = std::get<Duration>(v); }},
    {"max_attempts", [](QueueChange& c, const Value& v) { c.max_attempts = u32(v); }},
    {"backoff_initial", [](QueueChange& c, const Value& v) { c.backoff_initial = std::get<Duration>(v); }},
    {"backoff_multiplier", [](QueueChange& c, const Value& v) { c.backoff_multiplier = std::get<double>(v); }},
    {"backoff_max", [](QueueChange& c, const Value& v) { c.backoff_max = std::get<Duration>(v); }},
    {"backoff_jitter", [](QueueChange& c, const Value& v) { c.backoff_jitter = std::get<double>(v); }},
    {"ttl", [](QueueChange& c, const Value& v) { c.ttl = std::get<Duration>(v); }},
    {"on_expiry", [](QueueChange& c, const Value& v) { c.on_expiry = std::get<OnExpiry>(v); }},
    {"dedupe_window", [](QueueChange& c, const Value& v) { c.dedupe_window = std::get<Duration>(v); }},
    {"max_depth", [](QueueChange& c, const Value& v) { c.max_depth = std::get<std::uint64_t>(v); }},
    {"max_depth_bytes", [](QueueChange& c, const Value& v) { c.max_depth_bytes = std::get<std::uint64_t>(v); }},
    {"max_in_flight", [](QueueChange& c, const Value& v) { c.max_in_flight = u32(v); }},
    {"max_message_bytes", [](QueueChange& c, const Value& v) { c.max_message_bytes = u32(v); }},
};

constexpr Place<BrokerOptions> store[] = {
    {"store_bytes_limit", [](BrokerOptions& o, const Value& v) { o.store_bytes_limit = std::get<std::uint64_t>(v); }},
    {"store_soft_limit", [](BrokerOptions& o, const Value& v) { o.store_soft_limit = std::get<double>(v); }},
    {"disk_floor_bytes", [](BrokerOptions& o, const Value& v) { o.disk_floor_bytes = std::get<std::uint64_t>(v); }},
    {"accept_rollback", [](BrokerOptions& o, const Value& v) { o.accept_rollback = std::get<bool>(v); }},
    {"accept_clock", [](BrokerOptions& o, const Value& v) { o.accept_clock = std::get<bool>(v); }},
    {"unsafe_filesystem", [](BrokerOptions& o, const Value& v) { o.unsafe_filesystem = std::get<bool>(v); }},
};

constexpr Place<BrokerOptions> limit[] = {
    {"commit_max_frames", [](BrokerOptions& o, const Value& v) { o.commit_max_frames = u32(v); }},
    {"commit_max_bytes", [](BrokerOptions& o, const Value& v) { o.commit_max_bytes = std::get<std::uint64_t>(v); }},
    {"max_sessions", [](BrokerOptions& o, const Value& v) { o.max_sessions = u32(v); }},
    {"session_timeout", [](BrokerOptions& o, const Value& v) { o.session_timeout = std::get<Duration>(v); }},
    {"session_outbox_bytes", [](BrokerOptions& o, const Value& v) { o.session_outbox_bytes = std::get<std::uint64_t>(v); }},
    {"slow_commit", [](BrokerOptions& o, const Value& v) { o.slow_commit = std::get<Duration>(v); }},
};

/// "how long a lease lasts (100ms to 12h; default 30s)".
std::string help_of(const Setting& setting) {
  if (setting.unit == Unit::flag) return std::string(setting.meaning);
  const std::string standard = setting.unit == Unit::choice ? std::string(setting.words.substr(0, setting.words.find(',')))
                                                            : format_value(setting.unit, setting.standard);
  return fmt::format("{} ({}; default {})", setting.meaning, allowed(setting), standard);
}

template <class Target, std::size_t N>
std::vector<Field<Target>> joined(std::span<const Setting> settings, const Place<Target> (&places)[N]) {
  std::vector<Field<Target>> out;
  for (const Place<Target>& place : places) {
    const Setting& found = setting(settings, place.name);
    out.push_back({found, help_of(found), place.set});
  }
  return out;
}

template <class T>
Result<Value> ranged(const Result<T>& value, double number, std::string_view text, const Setting& setting) {
  if (!value) return value.error();
  if (number < setting.least || number > setting.most)
    return Error{Errc::out_of_range, fmt::format("{} is outside {}", text, allowed(setting))};
  return Value{*value};
}

}  // namespace

std::span<const Field<QueueChange>> policy_fields() {
  static const auto fields = joined(queue_settings(), policy);
  return fields;
}
std::span<const Field<BrokerOptions>> store_fields() {
  static const auto fields = joined(broker_settings(), store);
  return fields;
}
std::span<const Field<BrokerOptions>> limit_fields() {
  static const auto fields = joined(broker_settings(), limit);
  return fields;
}

Result<Value> parse_value(std::string_view text, const Setting& setting) {
  switch (setting.unit) {
    case Unit::duration: {
      const auto value = parse_duration(text);
      return ranged(value, value ? static_cast<double>(value->count()) : 0, text, setting);
    }
    case Unit::bytes: {
      const auto value = parse_bytes(text);
      return ranged(value, value ? static_cast<double>(*value) : 0, text, setting);
    }
    case Unit::count: {
      const auto value = parse_count(text);
      return ranged(value, value ? static_cast<double>(*value) : 0, text, setting);
    }
    case Unit::real: {
      const auto value = parse_real(text);
      return ranged(value, value ? *value : 0, text, setting);
    }
    case Unit::flag:
      if (text == "true") return Value{true};
      if (text == "false") return Value{false};
      return Error{Errc::invalid_argument, fmt::format("\"{}\" is neither true nor false", text)};
    case Unit::choice:
      if (text == "dead_letter") return Value{OnExpiry::dead_letter};
      if (text == "discard") return Value{OnExpiry::discard};
      return Error{Errc::invalid_argument, fmt::format("\"{}\" is not one of {}", text, setting.words)};
  }
  return Error{Errc::internal, "unknown kind of setting"};
}

Status check(const QueueChange& change) {
  if (change.backoff_initial && change.backoff_max && *change.backoff_max < *change.backoff_initial) {
    return Error{Errc::out_of_range, fmt::format("backoff_max >= backoff_initial does not hold: {} < {}",
                                                 format_duration(*change.backoff_max), format_duration(*change.backoff_initial))};
  }
  return {};
}

}  // namespace ackwire::cli
