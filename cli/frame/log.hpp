// The log of `serve`: lines of text for people or of JSON for machines, on standard error.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/log.hpp"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace ackwire::cli {

enum class LogFormat { text, json };

/// The payload of one line: `TEXT NAME=VALUE...` made safe for a terminal, or one JSON object with time, level, event and message.
std::string log_line(const LogEvent& event, LogFormat format, std::string_view time);

/// Thread-safe.
class ServeLog {
 public:
  /// `level`: debug, info, warn, error or off; "trace" is taken for debug.
  ServeLog(std::string_view level, LogFormat format);
  ~ServeLog();
  ServeLog(const ServeLog&) = delete;
  ServeLog& operator=(const ServeLog&) = delete;

  /// Written when it returns: for what the process itself says.
  void tell(LogLevel level, std::string_view event, std::string text, std::vector<LogField> fields = {});
  /// For the broker's thread, which must not wait for a reader that is slow: a bounded queue, and beyond it the oldest lines go.
  LogSink sink();

 private:
  void write(spdlog::logger& to, const LogEvent& event) const;

  LogFormat format_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::logger> direct_, queued_;
};

}  // namespace ackwire::cli
