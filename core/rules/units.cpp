#include "ackwire/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <span>

namespace ackwire {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 6> duration_units{
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 5> byte_units{
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};
constexpr std::size_t decimals_max = 9;

Error wrong(std::string message) { return Error{Errc::invalid_argument, std::move(message)}; }

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

Error beyond(std::string_view text) { return Error{Errc::out_of_range, quoted(text) + " is too large"}; }

bool digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

void skip_spaces(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
}

/// A number as it is written, without its unit.
struct Number {
  std::string_view text;
  std::uint64_t whole = 0;
  std::uint64_t part = 0, parts = 1;  // part/parts in lowest terms, below 1

  /// The number times `factor`, or nothing when that is no whole number of 64 bits.
  std::optional<std::uint64_t> times(std::uint64_t factor) const {
    if (factor % parts != 0 || whole > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    const std::uint64_t more = part * (factor / parts);
    const std::uint64_t value = whole * factor;
    if (value > std::numeric_limits<std::uint64_t>::max() - more) return std::nullopt;
    return value + more;
  }
};

/// Takes digits with decimals off `rest`. Nothing when they do not fit 64 bits or have too many decimals.
std::optional<Number> take_number(std::string_view& rest) {
  Number out;
  const char* const end = rest.data() + rest.size();
  auto [at, error] = std::from_chars(rest.data(), end, out.whole);
  if (error != std::errc{}) return std::nullopt;
  if (end - at > 1 && *at == '.' && digit(at[1])) {
    const char* const first = at + 1;
    for (at = first; at != end && digit(*at);) ++at;
    const char* last = at;
    while (last != first && last[-1] == '0') --last;
    if (static_cast<std::size_t>(last - first) > decimals_max) return std::nullopt;
    for (const char* c = first; c != last; ++c) {
      out.part = out.part * 10 + static_cast<std::uint64_t>(*c - '0');
      out.parts *= 10;
    }
    const std::uint64_t common = std::gcd(out.part, out.parts);
    out.part /= common;
    out.parts /= common;
  }
  out.text = {rest.data(), static_cast<std::size_t>(at - rest.data())};
  rest.remove_prefix(out.text.size());
  return out;
}

std::string_view take_unit(std::string_view& rest) {
  skip_spaces(rest);
  std::size_t n = 0;
  while (n < rest.size() && !digit(rest[n]) && rest[n] != ' ') ++n;
  const auto unit = rest.substr(0, n);
  rest.remove_prefix(n);
  skip_spaces(rest);
  return unit;
}

const Unit* find(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

Error duration_shape(std::string_view text) {
  return wrong(quoted(text) + " is not a duration: write numbers with w, d, h, m, s or ms, for example 30s or 1h30m");
}

Error bytes_shape(std::string_view text) {
  return wrong(quoted(text) + " is not a size: write a number with B, KiB, MiB, GiB or TiB, for example 64MiB");
}

/// The unit that another spelling probably means.
std::string_view meant_duration(std::string_view unit) {
  const std::string low = lower(unit);
  const auto any_of = [&low](std::initializer_list<std::string_view> spellings) {
    for (const std::string_view spelling : spellings) {
      if (low == spelling) return true;
    }
    return false;
  };
  if (any_of({"ms", "msec", "msecs", "millis", "millisecond", "milliseconds"})) return "ms";
  if (any_of({"s", "sec", "secs", "second", "seconds"})) return "s";
  if (any_of({"m", "min", "mins", "minute", "minutes"})) return "m";
  if (any_of({"h", "hr", "hrs", "hour", "hours"})) return "h";
  if (any_of({"d", "day", "days"})) return "d";
  if (any_of({"w", "week", "weeks"})) return "w";
  return {};
}

std::string_view meant_bytes(std::string_view unit) {
  const std::string low = lower(unit);
  if (low == "b" || low == "byte" || low == "bytes") return "B";
  if (low == "k" || low == "kb" || low == "kib" || low == "ki") return "KiB";
  if (low == "m" || low == "mb" || low == "mib" || low == "mi") return "MiB";
  if (low == "g" || low == "gb" || low == "gib" || low == "gi") return "GiB";
  if (low == "t" || low == "tb" || low == "tib" || low == "ti") return "TiB";
  return {};
}

Error unknown_unit(std::string_view text, std::string_view unit, std::string_view number, std::string_view meant) {
  return wrong(quoted(text) + " has the unit " + quoted(unit) + ", which is not known: did you mean " + std::string(number) +
               std::string(meant) + "?");
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  skip_spaces(rest);
  if (rest == "0") return Duration{0};
  if (!rest.empty() && rest.front() == '-') return Error{Errc::out_of_range, quoted(text) + ": a duration cannot be negative"};
  if (rest.empty()) return duration_shape(text);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t total = 0;
  std::uint64_t last_factor = std::numeric_limits<std::uint64_t>::max();
  while (!rest.empty()) {
    if (!digit(rest.front())) return duration_shape(text);
    const auto number = take_number(rest);
    if (!number) return beyond(text);
    const auto unit = take_unit(rest);
    if (unit.empty()) {
      const std::string plain(text);
      return wrong(quoted(text) + " has no unit: did you mean " + plain + "s or " + plain + "ms?");
    }
    const Unit* found = find(duration_units, unit);
    if (found == nullptr) {
      if (const auto meant = meant_duration(unit); !meant.empty()) return unknown_unit(text, unit, number->text, meant);
      return duration_shape(text);
    }
    if (found->factor >= last_factor) return duration_shape(text);
    const auto value = number->times(found->factor);
    if (!value && found->factor % number->parts != 0) return wrong(quoted(text) + " is finer than a millisecond");
    if (!value || *value > most || total > most - *value) return beyond(text);
    total += *value;
    last_factor = found->factor;
  }
  return Duration{static_cast<std::int64_t>(total)};
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = text;
  skip_spaces(rest);
  if (rest.empty() || !digit(rest.front())) return bytes_shape(text);
  const auto number = take_number(rest);
  if (!number) return beyond(text);
  const auto unit = take_unit(rest);
  if (!rest.empty()) return bytes_shape(text);
  const Unit* found = unit.empty() ? &byte_units.back() : find(byte_units, unit);
  if (found == nullptr) {
    if (const auto meant = meant_bytes(unit); !meant.empty()) return unknown_unit(text, unit, number->text, meant);
    return bytes_shape(text);
  }
  if (const auto value = number->times(found->factor)) return *value;
  if (found->factor % number->parts != 0) return wrong(quoted(text) + " is no whole number of bytes");
  return beyond(text);
}

std::string format_duration(Duration duration) {
  const std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  std::uint64_t rest = left < 0 ? 0 - static_cast<std::uint64_t>(left) : static_cast<std::uint64_t>(left);
  if (left < 0) out = "-";
  for (const Unit& unit : duration_units) {
    if (unit.name == "w" || rest < unit.factor) continue;  // days are read more easily than weeks
    out += std::to_string(rest / unit.factor) + std::string(unit.name);
    rest %= unit.factor;
  }
  return out;
}

std::string format_bytes(std::uint64_t bytes) {
  for (const Unit& unit : byte_units) {
    if (bytes < unit.factor) continue;
    const std::string whole = std::to_string(bytes / unit.factor);
    if (bytes % unit.factor == 0) return whole + std::string(unit.name);
    const auto tenths = static_cast<std::uint64_t>(static_cast<double>(bytes) / static_cast<double>(unit.factor) * 10 + 0.5);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + std::string(unit.name);
  }
  return "0B";
}

}  // namespace ackwire
