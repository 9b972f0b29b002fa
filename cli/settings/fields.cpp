#include "settings/fields.hpp"

#include <fmt/format.h>

#include <vector>

#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

/// "how long a lease lasts (100ms to 12h; default 30s)".
std::string help_of(const Setting& setting) {
  if (setting.unit == Unit::flag) return std::string(setting.meaning);
  const std::string standard = setting.unit == Unit::choice ? std::string(setting.words.substr(0, setting.words.find(',')))
                                                            : format_value(setting.unit, setting.standard);
  return fmt::format("{} ({}; default {})", setting.meaning, allowed(setting), standard);
}

/// Puts a value that was read into the member that it is for.
template <class Target, class F>
void put(const F& field, Target& target, const Value& value) {
  auto& member = field.of(target);
  using V = typename ackwire::detail::Inside<std::remove_cvref_t<decltype(member)>>::type;
  if constexpr (std::is_same_v<V, bool> || std::is_same_v<V, double> || std::is_same_v<V, Duration>) {
    member = std::get<V>(value);
  } else if constexpr (std::is_enum_v<V>) {
    member = *ackwire::value_of<V>(std::get<std::string>(value));  // parse_value() knows the words
  } else if constexpr (std::is_integral_v<V>) {
    member = static_cast<V>(std::get<std::uint64_t>(value));
  }
}

/// The settings of `all` that `wanted` takes.
template <class Target, class Wanted>
std::vector<Field<Target>> chosen(std::span<const Setting> all, Wanted wanted) {
  std::vector<Field<Target>> out;
  each_field<Target>([&](const auto& field) {
    if (!field.is_setting() || !wanted(field)) return;
    const Setting& found = setting(all, field.name);
    out.push_back({found, help_of(found), [field](Target& target, const Value& value) { put(field, target, value); }});
  });
  return out;
}

/// Whether `word` is one of `words`, which are separated by ", ".
bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = std::min(words.find(", "), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 2, words.size()));
  }
  return false;
}

template <class T>
Result<Value> ranged(const Result<T>& value, double number, std::string_view text, const Setting& setting) {
  if (!value) return value.error();
  if (number < setting.least || number > setting.most)
    return Error{Errc::out_of_range, fmt::format("{} is outside {}", text, allowed(setting))};
  return Value{*value};
}

}  // namespace

std::span<const Field<QueueChange>> policy_fields() {
  // Pausing has commands of its own.
  static const auto fields = chosen<QueueChange>(queue_settings(), [](const About& field) { return field.name != "paused"; });
  return fields;
}
std::span<const Field<BrokerOptions>> store_fields() {
  static const auto fields = chosen<BrokerOptions>(broker_settings(), [](const About& field) { return field.section == "store"; });
  return fields;
}
std::span<const Field<BrokerOptions>> limit_fields() {
  static const auto fields = chosen<BrokerOptions>(broker_settings(), [](const About& field) { return field.section == "limits"; });
  return fields;
}

Result<Value> parse_value(std::string_view text, const Setting& setting) {
  switch (setting.unit) {
    case Unit::duration: {
      const auto value = parse_duration(text);
      return ranged(value, value ? static_cast<double>(value->count()) : 0, text, setting);
    }
    case Unit::bytes: {
      const auto value = parse_bytes(text);
      return ranged(value, value ? static_cast<double>(*value) : 0, text, setting);
    }
    case Unit::count: {
      const auto value = parse_count(text);
      return ranged(value, value ? static_cast<double>(*value) : 0, text, setting);
    }
    case Unit::real: {
      const auto value = parse_real(text);
      return ranged(value, value ? *value : 0, text, setting);
    }
    case Unit::flag:
      if (text == "true") return Value{true};
      if (text == "false") return Value{false};
      return Error{Errc::invalid_argument, fmt::format("\"{}\" is neither true nor false", text)};
    case Unit::choice:
      if (has_word(setting.words, text)) return Value{std::string(text)};
      return Error{Errc::invalid_argument, fmt::format("\"{}\" is not one of {}", text, setting.words)};
    default: break;
  }
  return Error{Errc::internal, "unknown kind of setting"};
}

Status check(const QueueChange& change) {
  if (change.backoff_initial && change.backoff_max && *change.backoff_max < *change.backoff_initial) {
    return Error{Errc::out_of_range, fmt::format("backoff_max >= backoff_initial does not hold: {} < {}",
                                                 format_duration(*change.backoff_max), format_duration(*change.backoff_initial))};
  }
  return {};
}

}  // namespace ackwire::cli
