#include "units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>
#include <optional>

namespace ackwire::cli {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> duration_units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 5> byte_units{
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};

Error wrong(std::string message) { return Error{Errc::invalid_argument, std::move(message)}; }
Error beyond(std::string_view text) { return Error{Errc::out_of_range, fmt::format("\"{}\" is too large", text)}; }

bool digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Takes leading digits off `rest`. Nothing when they do not fit 64 bits.
std::optional<std::uint64_t> take_number(std::string_view& rest) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

std::string_view take_letters(std::string_view& rest) {
  std::size_t n = 0;
  while (n < rest.size() && !digit(rest[n])) ++n;
  const auto unit = rest.substr(0, n);
  rest.remove_prefix(n);
  return unit;
}

Error duration_shape(std::string_view text) {
  return wrong(fmt::format("\"{}\" is not a duration: write whole numbers with ms, s, m, h or d, for example 30s or 1h30m", text));
}

Error bytes_shape(std::string_view text) {
  return wrong(fmt::format("\"{}\" is not a size: write a whole number with B, KiB, MiB, GiB or TiB, for example 64MiB", text));
}

/// The binary unit that a decimal or sloppy spelling probably means.
std::string_view meant_unit(std::string_view unit) {
  const std::string low = lower(unit);
  if (low == "b" || low == "byte" || low == "bytes") return "B";
  if (low == "k" || low == "kb" || low == "kib" || low == "ki") return "KiB";
  if (low == "m" || low == "mb" || low == "mib" || low == "mi") return "MiB";
  if (low == "g" || low == "gb" || low == "gib" || low == "gi") return "GiB";
  if (low == "t" || low == "tb" || low == "tib" || low == "ti") return "TiB";
  return {};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  if (!text.empty() && text.front() == '-')
    return Error{Errc::out_of_range, fmt::format("\"{}\": a duration cannot be negative", text)};
  std::string_view rest = text;
  std::uint64_t total = 0;
  std::uint64_t last_factor = std::numeric_limits<std::uint64_t>::max();
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (rest.empty()) return duration_shape(text);
  while (!rest.empty()) {
    if (!digit(rest.front())) return duration_shape(text);
    const auto number = take_number(rest);
    if (!number) return beyond(text);
    const auto unit = take_letters(rest);
    if (unit.empty()) return wrong(fmt::format("\"{}\" has no unit: did you mean {}s or {}ms?", text, text, text));
    const Unit* found = nullptr;
    for (const Unit& candidate : duration_units) {
      if (candidate.name == unit) found = &candidate;
    }
    if (found == nullptr || found->factor >= last_factor) return duration_shape(text);
    if (*number > most / found->factor || total > most - *number * found->factor) return beyond(text);
    total += *number * found->factor;
    last_factor = found->factor;
  }
  return Duration{static_cast<std::int64_t>(total)};
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty() || !digit(rest.front())) return bytes_shape(text);
  const auto number = take_number(rest);
  if (!number) return beyond(text);
  if (rest.empty()) return *number;
  for (const Unit& unit : byte_units) {
    if (unit.name != rest) continue;
    if (*number > std::numeric_limits<std::uint64_t>::max() / unit.factor) return beyond(text);
    return *number * unit.factor;
  }
  if (const auto meant = meant_unit(rest); !meant.empty()) {
    return wrong(fmt::format("\"{}\" has the unit \"{}\", which is not known: did you mean {}{}?", text, rest, *number, meant));
  }
  return bytes_shape(text);
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty() || !digit(rest.front())) return wrong(fmt::format("\"{}\" is not a whole number", text));
  const auto number = take_number(rest);
  if (!number) return beyond(text);
  if (!rest.empty()) return wrong(fmt::format("\"{}\" is not a whole number", text));
  return *number;
}

Result<double> parse_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return wrong(fmt::format("\"{}\" is not a number", text));
  }
  return value;
}

std::string format_duration(Duration duration) {
  std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  std::uint64_t rest = left < 0 ? 0 - static_cast<std::uint64_t>(left) : static_cast<std::uint64_t>(left);
  if (left < 0) out = "-";
  for (const Unit& unit : duration_units) {
    if (rest < unit.factor) continue;
    out += fmt::format("{}{}", rest / unit.factor, unit.name);
    rest %= unit.factor;
  }
  return out;
}

std::string format_bytes(std::uint64_t bytes) {
  for (const Unit& unit : byte_units) {
    if (bytes < unit.factor) continue;
    if (bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
    return fmt::format("{:.1f}{}", static_cast<double>(bytes) / static_cast<double>(unit.factor), unit.name);
  }
  return "0B";
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
