// What a broker tells about itself: life, connections, refusals, administrative acts, dead letters, slow commits. Structured, for
// whoever runs it; the library itself writes nothing anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ackwire {

enum class LogLevel : std::uint8_t { debug, info, warn, error, critical };
std::string_view name(LogLevel level) noexcept;

/// A named value of a line. Names are of static storage.
struct LogField {
  std::string_view name;
  std::variant<std::string, std::uint64_t, double> value;
};

/// One line. `event` is a stable word to search for, such as "queue_created"; `text` says it to a person. Names of clients, queues
/// and groups come from outside: escape them before a terminal sees them. Bodies, keys and headers are never in it.
struct LogEvent {
  LogLevel level = LogLevel::info;
  std::string_view event;
  std::string text;
  std::vector<LogField> fields;
};

/// Called from the broker's own thread, after the commit that made it true; must return soon and may not call the broker
/// (Errc::reentrant). What repeats itself is told at most once in limits::log_pause, with the number of times.
using LogSink = std::function<void(const LogEvent&)>;

}  // namespace ackwire
