// The broker's log: what happened, told to whoever listens, and never so often that telling becomes the work.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ackwire/log.hpp"
#include "ackwire/message.hpp"

namespace ackwire::runtime {

/// Not thread-safe.
class Log {
 public:
  explicit Log(LogSink sink) : sink_(std::move(sink)) {}
  bool on() const { return sink_ != nullptr; }
  void tell(LogLevel level, std::string_view event, std::string text, std::vector<LogField> fields = {});
  /// The same, at most once in limits::log_pause for each event and `subject`; then with the number of times it was not told.
  void tell_at_times(Duration now, const std::string& subject, LogLevel level, std::string_view event, std::string text,
                     std::vector<LogField> fields = {});

 private:
  struct Told {
    Duration when{0};
    std::uint64_t since = 0;  // times it was not told
  };
  LogSink sink_;
  std::map<std::string, Told> told_;  // bounded: what is old is forgotten first
};

}  // namespace ackwire::runtime
