#include "fields.hpp"

#include <fmt/format.h>

#include <array>

#include "ackwire/limits.hpp"
#include "units.hpp"

namespace ackwire::cli {
namespace {

constexpr double ms(std::chrono::milliseconds duration) { return static_cast<double>(duration.count()); }
constexpr double most_count = 1e15;
constexpr double most_bytes = 1ull << 50;

std::uint32_t u32(const Value& value) { return static_cast<std::uint32_t>(std::get<std::uint64_t>(value)); }

constexpr std::array<Field<QueueChange>, 13> policy{{
    {"visibility_timeout", Kind::duration, ms(limits::visibility_timeout_min), ms(limits::visibility_timeout_max),
     "how long a lease lasts (default 30s)", [](QueueChange& c, const Value& v) { c.visibility_timeout = std::get<Duration>(v); }},
    {"max_attempts", Kind::count, 1, 1000, "attempts before a message becomes a dead letter (default 10)",
     [](QueueChange& c, const Value& v) { c.max_attempts = u32(v); }},
    {"backoff_initial", Kind::duration, 0, ms(limits::delay_max), "wait before the first retry (default 1s)",
     [](QueueChange& c, const Value& v) { c.backoff_initial = std::get<Duration>(v); }},
    {"backoff_multiplier", Kind::real, 1, 100, "growth of the wait from retry to retry (default 2)",
     [](QueueChange& c, const Value& v) { c.backoff_multiplier = std::get<double>(v); }},
    {"backoff_max", Kind::duration, 0, ms(limits::delay_max), "longest wait before a retry (default 15m)",
     [](QueueChange& c, const Value& v) { c.backoff_max = std::get<Duration>(v); }},
    {"backoff_jitter", Kind::real, 0, 1, "share of the wait that is random, 0 to 1 (default 0.5)",
     [](QueueChange& c, const Value& v) { c.backoff_jitter = std::get<double>(v); }},
    {"ttl", Kind::duration, 0, ms(limits::ttl_max), "default time to live of a message (default 0: for ever)",
     [](QueueChange& c, const Value& v) { c.ttl = std::get<Duration>(v); }},
    {"on_expiry", Kind::on_expiry, 0, 0, "what becomes of an expired message: dead_letter or discard (default dead_letter)",
     [](QueueChange& c, const Value& v) { c.on_expiry = std::get<OnExpiry>(v); }},
    {"dedupe_window", Kind::duration, 0, ms(limits::dedupe_window_max),
     "how long idempotency keys are remembered, 0 = off (default 10m)",
     [](QueueChange& c, const Value& v) { c.dedupe_window = std::get<Duration>(v); }},
    {"max_depth", Kind::count, 1, most_count, "messages the queue may hold (default 1000000)",
     [](QueueChange& c, const Value& v) { c.max_depth = std::get<std::uint64_t>(v); }},
    {"max_depth_bytes", Kind::bytes, 1, most_bytes, "bytes the queue may hold (default 8GiB)",
     [](QueueChange& c, const Value& v) { c.max_depth_bytes = std::get<std::uint64_t>(v); }},
    {"max_in_flight", Kind::count, 1, 4'294'967'295.0, "messages of one group under lease at once (default 100000)",
     [](QueueChange& c, const Value& v) { c.max_in_flight = u32(v); }},
    {"max_message_bytes", Kind::bytes, 1, static_cast<double>(limits::message_bytes), "largest body (default 1MiB)",
     [](QueueChange& c, const Value& v) { c.max_message_bytes = u32(v); }},
}};

constexpr std::array<Field<BrokerOptions>, 6> store{{
    {"store_bytes_limit", Kind::bytes, 1 << 20, most_bytes, "size of the store's memory map; sparse on disk (default 64GiB)",
     [](BrokerOptions& o, const Value& v) { o.store_bytes_limit = std::get<std::uint64_t>(v); }},
    {"store_soft_limit", Kind::real, 0.01, 0.95, "publishes are refused above this share of it (default 0.85)",
     [](BrokerOptions& o, const Value& v) { o.store_soft_limit = std::get<double>(v); }},
    {"disk_floor_bytes", Kind::bytes, 0, most_bytes, "publishes are refused with less free on the disk (default 256MiB)",
     [](BrokerOptions& o, const Value& v) { o.disk_floor_bytes = std::get<std::uint64_t>(v); }},
    {"accept_rollback", Kind::flag, 0, 0, "open a store that is older than its witness says",
     [](BrokerOptions& o, const Value& v) { o.accept_rollback = std::get<bool>(v); }},
    {"accept_clock", Kind::flag, 0, 0, "the system's clock is right: begin at its time when the store's is behind it",
     [](BrokerOptions& o, const Value& v) { o.accept_clock = std::get<bool>(v); }},
    {"unsafe_filesystem", Kind::flag, 0, 0, "open a store on a network file system",
     [](BrokerOptions& o, const Value& v) { o.unsafe_filesystem = std::get<bool>(v); }},
}};

constexpr std::array<Field<BrokerOptions>, 5> limit{{
    {"commit_max_frames", Kind::count, 1, 1'000'000, "frames taken into one commit (default 4096)",
     [](BrokerOptions& o, const Value& v) { o.commit_max_frames = u32(v); }},
    {"commit_max_bytes", Kind::bytes, 64 << 10, 1 << 30, "bytes taken into one commit (default 16MiB)",
     [](BrokerOptions& o, const Value& v) { o.commit_max_bytes = std::get<std::uint64_t>(v); }},
    {"max_sessions", Kind::count, 1, 1'000'000, "clients at once (default 1024)",
     [](BrokerOptions& o, const Value& v) { o.max_sessions = u32(v); }},
    {"session_timeout", Kind::duration, 1'000, 3'600'000, "a client silent this long is gone (default 15s)",
     [](BrokerOptions& o, const Value& v) { o.session_timeout = std::get<Duration>(v); }},
    {"session_outbox_bytes", Kind::bytes, 1 << 20, most_bytes, "unsent bytes of one client before it is ended (default 64MiB)",
     [](BrokerOptions& o, const Value& v) { o.session_outbox_bytes = std::get<std::uint64_t>(v); }},
}};

std::string written(Kind kind, double value) {
  const auto whole = static_cast<std::uint64_t>(value);
  if (kind == Kind::duration) return format_duration(Duration{static_cast<std::int64_t>(whole)});
  if (kind == Kind::bytes) return format_bytes(whole);
  if (kind == Kind::real) return fmt::format("{}", value);
  return fmt::format("{}", whole);
}

template <class T>
Result<Value> ranged(Result<T> value, double number, std::string_view text, Kind kind, double least, double most) {
  if (!value) return value.error();
  if (number < least || number > most) {
    return Error{Errc::out_of_range, fmt::format("{} is outside {}", text, allowed(kind, least, most))};
  }
  return Value{*value};
}

}  // namespace

std::span<const Field<QueueChange>> policy_fields() { return policy; }
std::span<const Field<BrokerOptions>> store_fields() { return store; }
std::span<const Field<BrokerOptions>> limit_fields() { return limit; }

std::string allowed(Kind kind, double least, double most) {
  return fmt::format("{} to {}", written(kind, least), written(kind, most));
}

Result<Value> parse_value(std::string_view text, Kind kind, double least, double most) {
  switch (kind) {
    case Kind::duration: {
      const auto value = parse_duration(text);
      return ranged(value, value ? static_cast<double>(value->count()) : 0, text, kind, least, most);
    }
    case Kind::bytes: {
      const auto value = parse_bytes(text);
      return ranged(value, value ? static_cast<double>(*value) : 0, text, kind, least, most);
    }
    case Kind::count: {
      const auto value = parse_count(text);
      return ranged(value, value ? static_cast<double>(*value) : 0, text, kind, least, most);
    }
    case Kind::real: {
      const auto value = parse_real(text);
      return ranged(value, value ? *value : 0, text, kind, least, most);
    }
    case Kind::flag:
      if (text == "true") return Value{true};
      if (text == "false") return Value{false};
      return Error{Errc::invalid_argument, fmt::format("\"{}\" is neither true nor false", text)};
    case Kind::on_expiry:
      if (text == "dead_letter") return Value{OnExpiry::dead_letter};
      if (text == "discard") return Value{OnExpiry::discard};
      return Error{Errc::invalid_argument, fmt::format("\"{}\" is neither dead_letter nor discard", text)};
  }
  return Error{Errc::internal, "unknown kind of setting"};
}

Status check(const QueueChange& change) {
  if (change.backoff_initial && change.backoff_max && *change.backoff_max < *change.backoff_initial) {
    return Error{Errc::out_of_range, fmt::format("backoff_max >= backoff_initial does not hold: {} < {}",
                                                 format_duration(*change.backoff_max), format_duration(*change.backoff_initial))};
  }
  if (change.max_message_bytes && change.max_depth_bytes && *change.max_depth_bytes < *change.max_message_bytes) {
    return Error{Errc::out_of_range, fmt::format("max_depth_bytes >= max_message_bytes does not hold: {} < {}",
                                                 format_bytes(*change.max_depth_bytes), format_bytes(*change.max_message_bytes))};
  }
  return {};
}

}  // namespace ackwire::cli
