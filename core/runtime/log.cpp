#include "runtime/log.hpp"

#include <algorithm>

#include "ackwire/limits.hpp"

namespace ackwire::runtime {
namespace {

constexpr std::size_t subjects_max = 1'024;

}  // namespace

void Log::tell(LogLevel level, std::string_view event, std::string text, std::vector<LogField> fields) {
  if (sink_) sink_(LogEvent{level, event, std::move(text), std::move(fields)});
}

void Log::tell_at_times(Duration now, const std::string& subject, LogLevel level, std::string_view event, std::string text,
                        std::vector<LogField> fields) {
  if (!sink_) return;
  const std::string key = std::string(event) + '\n' + subject;
  const auto known = told_.find(key);
  if (known != told_.end() && now - known->second.when < limits::log_pause) {
    ++known->second.since;
    return;
  }
  if (known == told_.end() && told_.size() >= subjects_max) {
    const auto oldest =
        std::min_element(told_.begin(), told_.end(), [](const auto& a, const auto& b) { return a.second.when < b.second.when; });
    told_.erase(oldest);
  }
  Told& told = told_[key];
  if (told.since > 0) fields.push_back({"more_before", told.since});
  told = {now, 0};
  tell(level, event, std::move(text), std::move(fields));
}

}  // namespace ackwire::runtime
