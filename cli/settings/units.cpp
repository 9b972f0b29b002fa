#include "settings/units.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>

namespace ackwire::cli {
namespace {

Error wrong(std::string message) { return Error{Errc::invalid_argument, std::move(message)}; }

}  // namespace

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const char* const all = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), all, value);
  if (error == std::errc::result_out_of_range) return Error{Errc::out_of_range, fmt::format("\"{}\" is too large", text)};
  if (error != std::errc{} || end != all) return wrong(fmt::format("\"{}\" is not a whole number", text));
  return value;
}

Result<double> parse_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return wrong(fmt::format("\"{}\" is not a number", text));
  }
  return value;
}

std::string format_time(Timestamp time) {
  const auto milliseconds = time.time_since_epoch().count();
  auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  auto rest = milliseconds % 1000;
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return fmt::format("{}ms", milliseconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
}

}  // namespace ackwire::cli
