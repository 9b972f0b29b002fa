#include "ackwire/settings.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "ackwire/limits.hpp"
#include "ackwire/units.hpp"

namespace ackwire {
namespace {

constexpr double ms(std::chrono::milliseconds duration) { return static_cast<double>(duration.count()); }
constexpr double seconds(double count) { return count * 1'000; }
constexpr double minutes(double count) { return count * 60'000; }
constexpr double days(double count) { return count * 86'400'000; }
constexpr double kib = 1ull << 10, mib = 1ull << 20, gib = 1ull << 30;
constexpr double bytes_most = 1ull << 50;
constexpr double count_most = 4'294'967'295.0;

constexpr std::array<Setting, 14> queue{{
    {"visibility_timeout", Unit::duration, ms(limits::visibility_timeout_min), ms(limits::visibility_timeout_max), seconds(30),
     "how long a lease lasts"},
    {"max_attempts", Unit::count, 1, 1'000, 10, "attempts before a message becomes a dead letter"},
    {"backoff_initial", Unit::duration, 0, ms(limits::delay_max), seconds(1), "wait before the first retry"},
    {"backoff_multiplier", Unit::real, 1, 100, 2, "growth of the wait from retry to retry"},
    {"backoff_max", Unit::duration, 0, ms(limits::delay_max), minutes(15), "longest wait before a retry, at least backoff_initial"},
    {"backoff_jitter", Unit::real, 0, 1, 0.5, "share of the wait that is random"},
    {"ttl", Unit::duration, 0, ms(limits::ttl_max), 0, "default time to live of a message; 0: for ever"},
    {"on_expiry", Unit::choice, 0, 0, 0, "what becomes of an expired message", "dead_letter, discard"},
    {"dedupe_window", Unit::duration, 0, ms(limits::dedupe_window_max), minutes(10),
     "how long idempotency keys are remembered; 0: not at all"},
    {"max_depth", Unit::count, 1, 1ull << 40, 1'000'000, "messages the queue may hold; over it, publishes are refused"},
    {"max_depth_bytes", Unit::bytes, kib, bytes_most, 8 * gib, "bytes the queue may hold; over it, publishes are refused"},
    {"max_in_flight", Unit::count, 1, 1'000'000, 100'000, "messages of one group under lease at once"},
    {"max_message_bytes", Unit::bytes, 1, static_cast<double>(limits::message_bytes), mib, "largest body"},
    {"paused", Unit::flag, 0, 1, 0, "publishes are taken, nothing is handed out"},
}};

constexpr std::array<Setting, 13> broker{{
    {"store_bytes_limit", Unit::bytes, mib, bytes_most, 64 * gib, "size of the store's memory map; sparse on disk"},
    {"store_soft_limit", Unit::real, 0.01, 0.95, 0.85, "publishes are refused above this share of it"},
    {"disk_floor_bytes", Unit::bytes, 0, bytes_most, 256 * mib, "publishes are refused with less free on the disk"},
    {"accept_rollback", Unit::flag, 0, 1, 0, "open a store that is older than its witness says"},
    {"accept_clock", Unit::flag, 0, 1, 0, "the system's clock is right: begin at its time when the store's is behind it"},
    {"unsafe_filesystem", Unit::flag, 0, 1, 0, "open a store on a network file system"},
    {"commit_max_frames", Unit::count, 1, 1'000'000, 4'096, "frames taken into one commit"},
    {"commit_max_bytes", Unit::bytes, 1, gib, 16 * mib, "bytes taken into one commit"},
    {"max_sessions", Unit::count, 1, 1'000'000, 1'024, "clients at once"},
    {"session_timeout", Unit::duration, 100, days(1), seconds(15), "a client silent this long is gone"},
    {"session_outbox_bytes", Unit::bytes, 1, bytes_most, 64 * mib, "unsent bytes of one client before it is ended"},
    {"slow_commit", Unit::duration, 1, days(1), seconds(1), "a commit that takes as long is logged"},
    {"call_timeout", Unit::duration, 1, days(365), seconds(30), "deadline of each blocking call of this handle"},
}};

constexpr std::array<Setting, 9> client{{
    {"connect_timeout", Unit::duration, 0, days(365), seconds(5), "how long connecting waits for the broker; 0: not at all"},
    {"call_timeout", Unit::duration, 1, days(365), seconds(30), "deadline of each blocking call"},
    {"heartbeat", Unit::duration, 10, days(1), seconds(5), "silence after which a ping is sent, or a third of session_timeout"},
    {"reconnect_initial", Unit::duration, 1, days(1), 100, "first wait before connecting again; doubled from try to try"},
    {"reconnect_max", Unit::duration, 1, days(1), seconds(30), "longest wait before connecting again, at least reconnect_initial"},
    {"max_unconfirmed", Unit::count, 1, count_most, 100'000, "messages published and not yet answered"},
    {"max_unconfirmed_bytes", Unit::bytes, 1, bytes_most, 256 * mib, "the same in bytes"},
    {"frames_in_flight", Unit::count, 1, 64, 16, "publish frames under way"},
    {"frame_target_bytes", Unit::bytes, 1, static_cast<double>(limits::frame_bytes - limits::batch_bytes) - 64 * kib, 128 * kib,
     "a publish frame is sent when it has grown to this, or when none is under way"},
}};

/// In the largest unit that divides it: a limit is not rounded.
std::string exact_bytes(std::uint64_t bytes) {
  for (const auto& [factor, unit] : {std::pair{1ull << 40, "TiB"}, {1ull << 30, "GiB"}, {1ull << 20, "MiB"}, {1ull << 10, "KiB"}}) {
    if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + unit;
  }
  return std::to_string(bytes) + "B";
}

}  // namespace

std::span<const Setting> queue_settings() { return queue; }
std::span<const Setting> broker_settings() { return broker; }
std::span<const Setting> client_settings() { return client; }

const Setting& setting(std::span<const Setting> of, std::string_view name) {
  for (const Setting& one : of) {
    if (one.name == name) return one;
  }
  return of.front();
}

std::string format_value(Unit unit, double value) {
  switch (unit) {
    case Unit::duration: return format_duration(Duration{static_cast<std::int64_t>(value)});
    case Unit::bytes: return exact_bytes(static_cast<std::uint64_t>(value));
    case Unit::count: return std::to_string(static_cast<std::uint64_t>(value));
    case Unit::flag: return value != 0 ? "true" : "false";
    default: break;
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

Status check_setting(const Setting& one, double value, std::string_view untouched) {
  if (value >= one.least && value <= one.most) return {};  // written so that a NaN fails too
  return Error{Errc::out_of_range, std::string(one.name) + " is " + format_value(one.unit, value) + ", allowed is " + allowed(one) +
                                       ". " + std::string(untouched)};
}

std::string allowed(const Setting& one) {
  if (one.unit == Unit::choice) return std::string(one.words);
  if (one.unit == Unit::flag) return "true, false";
  return format_value(one.unit, one.least) + " to " + format_value(one.unit, one.most);
}

}  // namespace ackwire
