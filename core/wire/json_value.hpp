// One description of a struct serves both directions: `describe(archive, value)` calls archive.required(name, member) or
// archive.optional(name, member) for each member, and the archive is a JsonWriter (json_writer.hpp) or a JsonReader.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/field.hpp"
#include "ackwire/message.hpp"

namespace ackwire::wire {

using Json = nlohmann::json;

/// The longest duration or time that is taken, either side of 0: far beyond every limit, far from overflow.
inline constexpr std::int64_t milliseconds_max = 1'000'000'000'000'000;

/// Bytes, as base64. Wraps a member during describe().
template <class S>
struct Base64 {
  S& bytes;
};
template <class S>
Base64(S&) -> Base64<S>;

/// False when `text` is not base64 with padding.
bool from_base64(std::string_view text, std::string& bytes);

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

/// What becomes of a member that nobody asks for, and of an enum's word that nobody knows.
enum class Unknown : std::uint8_t {
  ignored,          ///< of a peer that may know more: the default stays
  members_ignored,  ///< of a peer that may know more and wants something: a word that is not known is refused
  refused,          ///< of a caller of this program, who has misspelled it
};

class JsonReader {
 public:
  /// `must`: paths of members that may not be ignored ("policy.paused"); valid while it reads.
  JsonReader(const Json& object, Unknown unknown, std::span<const std::string> must = {}, std::string path = {})
      : object_(object), unknown_(unknown), must_(must), path_(std::move(path)) {}

  template <class T>
  void required(const char* name, T&& value) {
    member(name, value, true);
  }
  template <class T>
  void optional(const char* name, T&& value) {
    member(name, value, false);
  }
  template <class F>
  void group(const char* name, F&& members) {
    const Json* found = find(name);
    if (found == nullptr) return;
    if (!found->is_object()) return wrong(name, "must be an object");
    JsonReader inner(*found, unknown_, must_, path_ + name + ".");
    members(inner);
    keep(inner.finish());
  }
  /// A member that has been read already.
  void known(const char* name) { find(name); }

  /// Call last: the first fault, or a member that nobody asked for and that may not be ignored.
  Status finish();

 private:
  const Json* find(const char* name);
  bool asked(std::string_view name) const;
  void wrong(std::string_view name, std::string_view what, Errc code = Errc::invalid_argument);
  void keep(Status status);

  template <class T>
  void member(const char* name, T& value, bool must) {
    if (error_) return;
    const Json* found = find(name);
    if (found != nullptr) return read(*found, name, value);
    if (must) wrong(name, "is missing");
  }

  template <class T>
  void read(const Json& json, const std::string& name, T& value) {
    if constexpr (requires {
                    value.emplace();
                    value.has_value();
                  }) {
      read(json, name, value.emplace());
    } else if constexpr (std::same_as<T, bool>) {
      json.is_boolean() ? void(value = json.get<bool>()) : wrong(name, "must be true or false");
    } else if constexpr (std::same_as<T, double>) {
      json.is_number() ? void(value = json.get<double>()) : wrong(name, "must be a number");
    } else if constexpr (std::unsigned_integral<T>) {
      read_unsigned(json, name, value);
    } else if constexpr (std::same_as<T, std::int64_t>) {
      read_milliseconds(json, name, value);
    } else if constexpr (std::same_as<T, std::string>) {
      json.is_string() ? void(value = json.get_ref<const std::string&>()) : wrong(name, "must be a string");
    } else if constexpr (std::is_enum_v<T>) {
      read_enum(json, name, value);
    } else if constexpr (std::same_as<T, Duration>) {
      if (std::int64_t ms = 0; read_milliseconds(json, name, ms)) value = Duration{ms};
    } else if constexpr (std::same_as<T, Timestamp>) {
      if (std::int64_t ms = 0; read_milliseconds(json, name, ms)) value = Timestamp{Duration{ms}};
    } else if constexpr (requires { value.bytes; }) {
      if (!json.is_string() || !from_base64(json.get_ref<const std::string&>(), value.bytes)) wrong(name, "must be base64");
    } else if constexpr (is_vector<T>) {
      read_array(json, name, value);
    } else {
      if (!json.is_object()) return wrong(name, "must be an object");
      JsonReader inner(json, unknown_, must_, path_ + name + ".");
      describe(inner, value);
      keep(inner.finish());
    }
  }

  template <class T>
  void read_unsigned(const Json& json, const std::string& name, T& value) {
    if (!json.is_number_integer()) return wrong(name, "must be a whole number");
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() > std::numeric_limits<T>::max()) {
      return wrong(name, "must be from 0 to " + std::to_string(std::numeric_limits<T>::max()), Errc::out_of_range);
    }
    value = json.get<T>();
  }

  template <class E>
  void read_enum(const Json& json, const std::string& name, E& value) {
    if (!json.is_string()) return wrong(name, "must be a name");
    if (const auto known = value_of<E>(json.get_ref<const std::string&>())) return void(value = *known);
    if (unknown_ == Unknown::ignored) return;  // a newer peer knows more; the default stays
    std::string expected = "must be one of";
    for (const auto& [text, known] : words<E>) expected.append(expected.ends_with("of") ? " '" : ", '").append(text).append("'");
    wrong(name, expected);
  }

  template <class V>
  void read_array(const Json& json, const std::string& name, V& value) {
    if (!json.is_array()) return wrong(name, "must be an array");
    value.clear();
    value.reserve(json.size());
    for (std::size_t i = 0; i < json.size() && !error_; ++i) {
      value.emplace_back();
      read(json[i], name + "[" + std::to_string(i) + "]", value.back());
    }
  }

  bool read_milliseconds(const Json& json, const std::string& name, std::int64_t& value);

  const Json& object_;
  const Unknown unknown_;
  const std::span<const std::string> must_;
  const std::string path_;
  std::vector<std::string_view> asked_;
  std::size_t found_ = 0;
  std::optional<Error> error_;
};

}  // namespace ackwire::wire
