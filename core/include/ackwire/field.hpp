// What a member of a public type is, said once: its name, what it means, how it is counted, and what it may be. Beside each type
// stands `fields<Type>`, with one Field a member. The wire, the command line, the Python classes, the settings file, the
// checks and docs/reference.md are made from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ackwire/message.hpp"

namespace ackwire {

/// How a value is counted and written. Settings are of the first six.
enum class Unit : std::uint8_t {
  duration,
  bytes,
  count,
  real,    ///< a plain number
  choice,  ///< one of some words: see `words`
  flag,    ///< true or false
  time,    ///< a moment, in broker time
  text,
  key,      ///< any bytes; empty = none
  content,  ///< any bytes
  headers,
  list,
  object,
};

namespace detail {

template <class T>
struct Inside {
  using type = T;
};
template <class T>
struct Inside<std::optional<T>> {
  using type = T;
};
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;

/// How a T of that name is counted: sizes are named so.
template <class T>
constexpr Unit unit_of(std::string_view name) {
  using V = typename Inside<T>::type;
  if constexpr (std::is_same_v<V, Duration>)
    return Unit::duration;
  else if constexpr (std::is_same_v<V, Timestamp>)
    return Unit::time;
  else if constexpr (std::is_same_v<V, bool>)
    return Unit::flag;
  else if constexpr (std::is_floating_point_v<V>)
    return Unit::real;
  else if constexpr (std::is_enum_v<V>)
    return Unit::choice;
  else if constexpr (std::is_integral_v<V>)
    return name.find("_bytes") != std::string_view::npos ? Unit::bytes : Unit::count;
  else if constexpr (std::is_same_v<V, std::string>)
    return Unit::text;
  else if constexpr (std::is_same_v<V, std::vector<std::pair<std::string, std::string>>>)
    return Unit::headers;
  else if constexpr (is_list<V>)
    return Unit::list;
  else
    return Unit::object;
}

/// A value of a setting as a number: milliseconds, bytes, or as it is.
template <class T>
constexpr double number_of(const T& value) {
  if constexpr (requires { std::chrono::duration_cast<Duration>(value); })
    return static_cast<double>(std::chrono::duration_cast<Duration>(value).count());
  else
    return static_cast<double>(value);
}

}  // namespace detail

/// What is known of a member whatever its type.
struct About {
  std::string_view name;
  std::string_view meaning;  ///< one line
  Unit unit = Unit::count;
  bool required = false;          ///< on the wire it cannot be left out
  bool zero_is_none = false;      ///< of a time: shown as nothing when it is 0
  std::string_view group = {};    ///< on the wire it is in an object of this name, without this prefix
  std::string_view section = {};  ///< of the settings file
  double least = 0, most = 0;     ///< of a setting; inclusive, in milliseconds, bytes or plain numbers

  /// Whether a person may choose it: it has limits.
  constexpr bool is_setting() const { return unit == Unit::flag || unit == Unit::choice || most > least; }
};

/// One member. `get` finds it in its owner: a pointer to a member, or a path of them.
template <class Get>
struct Field : About {
  Get get;

  template <class Owner>
  constexpr decltype(auto) of(Owner& owner) const {
    return std::invoke(get, owner);
  }
  constexpr Field must() const {
    Field made = *this;
    made.required = true;
    return made;
  }
  constexpr Field none_at_zero() const {
    Field made = *this;
    made.zero_is_none = true;
    return made;
  }
  constexpr Field counted_as(Unit other) const {
    Field made = *this;
    made.unit = other;
    return made;
  }
  constexpr Field in_group(std::string_view of_name) const {
    Field made = *this;
    made.group = of_name;
    return made;
  }
  constexpr Field in_section(std::string_view of_name) const {
    Field made = *this;
    made.section = of_name;
    return made;
  }
  template <class From, class To>
  constexpr Field from_to(From from, To to) const {
    Field made = *this;
    made.least = detail::number_of(from), made.most = detail::number_of(to);
    return made;
  }
};

/// The Fields of one type, in order. A std::tuple of as many costs a compiler far more.
template <class... Each>
struct Fields;
namespace detail {
template <std::size_t, class One>
struct Placed {
  One one;
};
template <std::size_t I, class One>
constexpr const One& at(const Placed<I, One>& placed) {
  return placed.one;
}
template <class Places, class... Each>
struct PlacedAll;
template <std::size_t... I, class... Each>
struct PlacedAll<std::index_sequence<I...>, Each...> : Placed<I, Each>... {
  constexpr explicit PlacedAll(const Each&... each) : Placed<I, Each>{each}... {}
  template <class Act>
  constexpr decltype(auto) apply(Act&& act) const {
    return act(static_cast<const Placed<I, Each>*>(this)->one...);
  }
};
}  // namespace detail
template <class... Each>
struct Fields : detail::PlacedAll<std::index_sequence_for<Each...>, Each...> {
  static constexpr std::size_t size = sizeof...(Each);
  constexpr explicit Fields(const Each&... each) : detail::PlacedAll<std::index_sequence_for<Each...>, Each...>(each...) {}
};

/// The words that an enumeration has in every face: specialized beside it as an array of pairs; the first is the default.
template <class E>
inline constexpr std::nullptr_t words{};

struct NotDescribed {};
/// Specialized beside each described type; a type may also have them as a static member of the same name.
template <class T>
inline constexpr NotDescribed fields{};
template <class T>
requires requires { T::fields; }
inline constexpr auto& fields<T> = T::fields;

template <class T>
concept Described = !std::is_same_v<std::remove_cvref_t<decltype(fields<std::remove_const_t<T>>)>, NotDescribed>;

/// The name and purpose of a described type.
struct AboutType {
  std::string_view name, meaning;
};
template <class T>
inline constexpr AboutType about{};

/// A member that is in a member.
template <class Outer, class Inner>
struct Within {
  Outer outer;
  Inner inner;
  template <class Owner>
  constexpr decltype(auto) operator()(Owner& owner) const {
    return std::invoke(inner, std::invoke(outer, owner));
  }
};
template <class Outer, class Inner>
Within(Outer, Inner) -> Within<Outer, Inner>;

template <class Owner, class Member>
constexpr auto field(std::string_view name, Member Owner::*get, std::string_view meaning) {
  return Field<Member Owner::*>{{.name = name, .meaning = meaning, .unit = detail::unit_of<Member>(name)}, get};
}
template <class OuterOwner, class Outer, class Member>
constexpr auto field(std::string_view name, Within<Outer OuterOwner::*, Member Outer::*> get, std::string_view meaning) {
  return Field<decltype(get)>{{.name = name, .meaning = meaning, .unit = detail::unit_of<Member>(name)}, get};
}

/// A member of a policy together with the one that changes it.
template <class Get, class Change>
struct Changeable : Field<Get> {
  Change change;
};
template <class Get, class Change>
constexpr auto changed_by(Change change, Field<Get> field) {
  return Changeable<Get, Change>{field, change};
}

/// The members that change those of `of`, under the same names.
template <class Get, class Change>
constexpr auto change_of(const Changeable<Get, Change>& field) {
  return Field<Change>{static_cast<const About&>(field), field.change};
}
template <class... Each>
constexpr auto changes_of(const Fields<Each...>& of) {
  return of.apply([](const auto&... each) { return Fields{change_of(each)...}; });
}

/// Calls `act` with each Field of T, in order.
template <class T, class Act>
constexpr void each_field(Act&& act) {
  fields<T>.apply([&](const auto&... each) { (static_cast<void>(act(each)), ...); });
}

/// `value` with the members that are set in `change`.
template <class T, class Change>
T with_changes(T value, const Change& change) {
  each_field<T>([&](const auto& each) {
    if (const auto& changed = std::invoke(each.change, change)) each.of(value) = *changed;
  });
  return value;
}

/// The word of a value, empty when it has none; and the value of a word.
template <class E>
constexpr std::string_view word_of(E value) {
  for (const auto& [word, known] : words<E>) {
    if (known == value) return word;
  }
  return {};
}
template <class E>
constexpr std::optional<E> value_of(std::string_view word) {
  for (const auto& [known, value] : words<E>) {
    if (known == word) return value;
  }
  return std::nullopt;
}
/// "dead_letter, discard".
template <class E>
std::string all_words() {
  std::string out;
  for (const auto& [word, value] : words<E>) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

}  // namespace ackwire
