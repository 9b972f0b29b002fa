// The library's results as dictionaries with the fields of the dataclasses in python/ackwire/_results.py.
#pragma once

#include <string>
#include <type_traits>

#include "ackwire/field.hpp"
#include "convert.hpp"

namespace ackwire::python {

/// Durations and times are integers of milliseconds; Python makes timedelta and datetime of them.
template <class T>
requires Described<T> py::dict describe(const T& value);

template <class V>
py::object described(const About& field, const V& value) {
  if constexpr (std::is_same_v<V, Duration> || std::is_same_v<V, Timestamp>) {
    if (field.zero_is_none && value == V{}) return py::none();
    return milliseconds(value);
  } else if constexpr (std::is_same_v<V, std::string>) {
    if (field.unit == Unit::key) return text_or_none(value);
    if (field.unit == Unit::content) return py::bytes(value);
    return text(value);
  } else if constexpr (std::is_enum_v<V>) {
    return text(word_of(value));
  } else if constexpr (Described<V>) {
    return describe(value);
  } else if constexpr (std::is_same_v<V, std::vector<std::pair<std::string, std::string>>>) {
    return header_dict(value);
  } else if constexpr (detail::is_list<V>) {
    return list_of(value, [&field](const auto& each) { return described(field, each); });
  } else {
    return py::cast(value);
  }
}

template <class T>
requires Described<T> py::dict describe(const T& value) {
  py::dict made;
  each_field<T>([&](const auto& field) { made[text(field.name)] = described(field, field.of(value)); });
  return made;
}

}  // namespace ackwire::python
