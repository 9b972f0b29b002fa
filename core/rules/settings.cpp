#include "rules/settings.hpp"

#include <charconv>
#include <utility>
#include <vector>

#include "ackwire/broker.hpp"
#include "ackwire/client.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/units.hpp"

namespace ackwire {
namespace {

template <class T>
std::span<const Setting> settings_of() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> made;
    each_field<T>([&made](const auto& field) {
      if (field.is_setting()) made.push_back(rules::setting_of<T>(field));
    });
    return made;
  }();
  return all;
}

/// In the largest unit that divides it: a limit is not rounded.
std::string exact_bytes(std::uint64_t bytes) {
  for (const auto& [factor, unit] : {std::pair{1ull << 40, "TiB"}, {1ull << 30, "GiB"}, {1ull << 20, "MiB"}, {1ull << 10, "KiB"}}) {
    if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + unit;
  }
  return std::to_string(bytes) + "B";
}

}  // namespace

std::span<const Setting> queue_settings() { return settings_of<QueuePolicy>(); }
std::span<const Setting> broker_settings() { return settings_of<BrokerOptions>(); }
std::span<const Setting> client_settings() { return settings_of<ClientOptions>(); }

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
