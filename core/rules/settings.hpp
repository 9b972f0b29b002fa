// Fields as settings: each with its limits and its default, and the checks of whole structures.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "ackwire/error.hpp"
#include "ackwire/field.hpp"
#include "ackwire/settings.hpp"

namespace ackwire::rules {

/// A setting of T, whose own initializer is the default.
template <class T, class F>
Setting setting_of(const F& field) {
  const T untouched{};
  const auto& value = field.of(untouched);
  using V = std::remove_cvref_t<decltype(value)>;
  Setting made{field.name, field.unit, field.least, field.most, 0, field.meaning, {}};
  if constexpr (std::is_enum_v<V>) {
    static const std::string all = all_words<V>();
    made.words = all;
  } else if constexpr (!std::is_same_v<V, std::string>) {
    made.standard = detail::number_of(value);
  }
  if (field.unit == Unit::flag) made.most = 1;
  return made;
}

/// Every member of `of` within its limits. The error names it, its value and the limits, and ends with `untouched`.
template <class T>
Status check_fields(const T& of, std::string_view untouched) {
  Status found;
  each_field<T>([&](const auto& field) {
    if (!found || !field.is_setting()) return;
    const auto& value = field.of(of);
    using V = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_enum_v<V>) {
      if (word_of(value).empty())
        found =
            Error{Errc::out_of_range, std::string(field.name) + " is none of " + all_words<V>() + ". " + std::string(untouched)};
    } else if constexpr (!std::is_same_v<V, std::string>) {
      found = check_setting(setting_of<T>(field), detail::number_of(value), untouched);
    }
  });
  return found;
}

}  // namespace ackwire::rules
