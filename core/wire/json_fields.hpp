// How a described type looks in JSON: its fields, with the unit in the name where JSON has none for it.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ackwire/field.hpp"
#include "wire/json_value.hpp"

namespace ackwire::wire {

/// The name of a member, made when the program is compiled.
struct MemberName {
  std::array<char, 48> text{};

  constexpr MemberName() = default;
  constexpr MemberName(const About& field) {
    std::string_view name = field.name;
    if (!field.group.empty()) name.remove_prefix(field.group.size() + 1);
    std::size_t at = 0;
    for (const char c : name) text[at++] = c;
    const bool milliseconds = field.unit == Unit::duration || field.unit == Unit::time;
    const bool base64 = field.unit == Unit::key || field.unit == Unit::content;
    for (const char c : std::string_view(milliseconds ? "_ms" : base64 ? "_base64" : "")) text[at++] = c;
  }
  constexpr const char* c_str() const { return text.data(); }
};

/// The name of field I of T.
template <class T, std::size_t I>
inline constexpr MemberName member_name{detail::at<I>(fields<T>)};

template <class T>
inline constexpr std::size_t field_count = std::remove_cvref_t<decltype(fields<T>)>::size;

/// Calls `act` with each field of T and its name on the wire.
template <class T, class Act>
void each_member(Act&& act) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (act(detail::at<I>(fields<T>), member_name<T, I>.c_str()), ...); }
  (std::make_index_sequence<field_count<T>>{});
}

template <std::size_t I, class A, class T>
void describe_one(A& archive, T& value) {
  using Type = std::remove_const_t<T>;
  constexpr const auto& field = detail::at<I>(fields<Type>);
  constexpr const char* name = member_name<Type, I>.c_str();
  if constexpr (field.unit == Unit::key || field.unit == Unit::content) {
    archive.optional(name, Base64{field.of(value)});
  } else if constexpr (field.required) {
    archive.required(name, field.of(value));
  } else {
    archive.optional(name, field.of(value));
  }
}

/// Whether field I is the first of its group: the object of the group is written and read there.
template <class T, std::size_t I>
constexpr bool begins_group() {
  constexpr std::string_view group = detail::at<I>(fields<T>).group;
  if constexpr (I == 0)
    return !group.empty();
  else
    return !group.empty() && detail::at<I - 1>(fields<T>).group != group;
}

template <class A, class T, std::size_t... I>
void describe_each(A& archive, T& value, std::index_sequence<I...> all);

template <std::size_t First, class A, class T, std::size_t... I>
void describe_group(A& archive, T& value, std::index_sequence<I...>) {
  using Type = std::remove_const_t<T>;
  static constexpr std::string_view group = detail::at<First>(fields<Type>).group;
  archive.group(group.data(), [&value](auto& inner) {
    [[maybe_unused]] const auto one = [&]<std::size_t N>() {
      if constexpr (detail::at<N>(fields<Type>).group == group) describe_one<N>(inner, value);
    };
    (one.template operator()<I>(), ...);
  });
}

template <class A, class T, std::size_t... I>
void describe_each(A& archive, T& value, std::index_sequence<I...> all) {
  using Type = std::remove_const_t<T>;
  [[maybe_unused]] const auto one = [&]<std::size_t N>() {
    if constexpr (detail::at<N>(fields<Type>).group.empty()) {
      describe_one<N>(archive, value);
    } else if constexpr (begins_group<Type, N>()) {
      describe_group<N>(archive, value, all);
    }
  };
  (one.template operator()<I>(), ...);
}

template <class A, class T>
requires Described<T>
void describe(A& archive, T& value) {
  describe_each(archive, value, std::make_index_sequence<field_count<std::remove_const_t<T>>>{});
}

/// A header: its name is UTF-8, its value any bytes.
template <class A, class T>
requires std::same_as<std::remove_const_t<T>, std::pair<std::string, std::string>>
void describe(A& archive, T& header) {
  archive.required("name", header.first);
  archive.required("value_base64", Base64{header.second});
}

}  // namespace ackwire::wire
