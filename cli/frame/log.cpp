#include "frame/log.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>

#include "output/output.hpp"
#include "output/text.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

constexpr std::size_t queued_lines = 8'192;

spdlog::level::level_enum spd(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::critical: return spdlog::level::critical;
  }
  return spdlog::level::info;
}

/// The least level that is written, "trace" like debug.
spdlog::level::level_enum least(std::string_view level) {
  if (level == "trace" || level == "debug") return spdlog::level::debug;
  return level.empty() ? spdlog::level::info : spdlog::level::from_str(std::string(level));
}

std::string shown(const LogField& field) {
  if (const auto* text = std::get_if<std::string>(&field.value)) {
    const std::string safe = printable(*text);
    return safe.find_first_of(" =\"") == std::string::npos && !safe.empty() ? safe : fmt::format("\"{}\"", safe);
  }
  if (const auto* number = std::get_if<std::uint64_t>(&field.value)) return fmt::format("{}", *number);
  return fmt::format("{:.1f}", std::get<double>(field.value));
}

}  // namespace

std::string log_line(const LogEvent& event, LogFormat format, std::string_view time) {
  if (format == LogFormat::json) {
    Json line{{"time", time}, {"level", name(event.level)}, {"event", event.event}, {"message", event.text}};
    for (const LogField& field : event.fields)
      std::visit([&](const auto& value) { line[std::string(field.name)] = value; }, field.value);
    return dump(line);
  }
  std::string line = fmt::format("{} {} {}", time, name(event.level), printable(event.text));
  for (const LogField& field : event.fields) line += fmt::format(" {}={}", field.name, shown(field));
  return line;
}

ServeLog::ServeLog(std::string_view level, LogFormat format)
    : format_(format), pool_(std::make_shared<spdlog::details::thread_pool>(queued_lines, 1)) {
  const auto out = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  out->set_pattern("%v");
  direct_ = std::make_shared<spdlog::logger>("ackwire", out);
  queued_ = std::make_shared<spdlog::async_logger>("ackwire", out, pool_, spdlog::async_overflow_policy::overrun_oldest);
  for (const auto& logger : {direct_, queued_}) {
    logger->set_level(least(level));
    logger->flush_on(spdlog::level::trace);
  }
}

ServeLog::~ServeLog() = default;

void ServeLog::tell(LogLevel level, std::string_view event, std::string text, std::vector<LogField> fields) {
  write(*direct_, LogEvent{level, event, std::move(text), std::move(fields)});
}

LogSink ServeLog::sink() {
  return [this](const LogEvent& event) { write(*queued_, event); };
}

void ServeLog::write(spdlog::logger& to, const LogEvent& event) const {
  if (!to.should_log(spd(event.level))) return;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  to.log(spd(event.level), "{}", log_line(event, format_, format_time(now)));
}

}  // namespace ackwire::cli
