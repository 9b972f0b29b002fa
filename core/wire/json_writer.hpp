// Writes a struct as the text of a JSON object, straight to where it is sent from: bodies can be large, and nobody looks at them as
// a tree. `describe(writer, value)` is the same description that a JsonReader uses.
#pragma once

#include <concepts>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include "wire/json_value.hpp"

namespace ackwire::wire {

void append_base64(std::string& out, std::string_view bytes);
/// With its quotes. Bytes that are not UTF-8 become U+FFFD, and the result is false.
bool append_string(std::string& out, std::string_view text);
void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, std::uint64_t number);
void append_number(std::string& out, double number);

/// Which members are written.
enum class Members : bool { all, not_default };

class JsonWriter {
 public:
  /// Begins an object behind what `out` has; close() ends it.
  explicit JsonWriter(std::string& out, Members members = Members::all) : out_(out), members_(members) { out_ += '{'; }
  void close() { out_ += '}'; }
  /// Leaves out members of the outermost object that are as in a T which nobody touched.
  template <class T>
  void leave_out_defaults_of() {
    defaults_ = &defaults_of<T>();
  }
  /// False when a text was not UTF-8.
  bool is_utf8() const { return utf8_; }

  template <class T>
  void required(const char* name, const T& value) {
    if constexpr (requires { value.has_value(); }) {
      if (value) required(name, *value);
    } else {
      begin_member(name);
      write(value);
    }
  }
  /// With Members::not_default it is left out when it is what the reader has without it.
  template <class T>
  void optional(const char* name, const T& value) {
    const std::size_t before = out_.size();
    const bool was_empty = empty_;
    required(name, value);
    if ((defaults_ == nullptr && record_ == nullptr) || out_.size() == before) return;
    std::string member = group_;
    member += std::string_view(out_).substr(before + (was_empty ? 0 : 1));
    if (record_ != nullptr) record_->insert(member);
    if (defaults_ == nullptr || !defaults_->contains(member)) return;
    out_.resize(before);
    empty_ = was_empty;
  }
  /// Members that are an object of their own on the wire and are not in the struct. Left out when empty.
  template <class F>
  void group(const char* name, F&& members) {
    const std::size_t before = out_.size();
    const bool was_empty = empty_;
    begin_member(name);
    JsonWriter inner(out_, members_);
    inner.group_ = group_ + name + ".";
    inner.defaults_ = defaults_;
    inner.record_ = record_;
    members(inner);
    end_inner(inner);
    if (!inner.empty_) return;
    out_.resize(before);
    empty_ = was_empty;
  }

 private:
  /// The text of each member that is as in a struct which nobody touched.
  using Defaults = std::set<std::string, std::less<>>;

  void begin_member(const char* name) {
    if (!std::exchange(empty_, false)) out_ += ',';
    out_.append(1, '"').append(name).append("\":");
  }
  void end_inner(const JsonWriter& inner) {
    out_ += '}';
    utf8_ = utf8_ && inner.utf8_;
  }

  template <class T>
  void write(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::floating_point<T>) {
      append_number(out_, static_cast<double>(value));
    } else if constexpr (std::unsigned_integral<T>) {
      append_number(out_, static_cast<std::uint64_t>(value));
    } else if constexpr (std::signed_integral<T>) {
      append_number(out_, static_cast<std::int64_t>(value));
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
      utf8_ = append_string(out_, value) && utf8_;
    } else if constexpr (std::is_enum_v<T>) {
      write_enum(value);
    } else if constexpr (std::same_as<T, Duration>) {
      append_number(out_, std::int64_t{value.count()});
    } else if constexpr (std::same_as<T, Timestamp>) {
      append_number(out_, std::int64_t{value.time_since_epoch().count()});
    } else if constexpr (requires {
                           value.bytes;
                           append_base64(out_, value.bytes);
                         }) {
      out_ += '"';
      append_base64(out_, value.bytes);
      out_ += '"';
    } else if constexpr (is_vector<T>) {
      out_ += '[';
      for (bool first = true; const auto& each : value) {
        if (!std::exchange(first, false)) out_ += ',';
        write(each);
      }
      out_ += ']';
    } else {
      JsonWriter inner(out_, members_);
      if (members_ == Members::not_default) inner.defaults_ = &defaults_of<T>();
      describe(inner, value);
      end_inner(inner);
    }
  }

  template <class E>
  void write_enum(E value) {
    if (const std::string_view word = word_of(value); !word.empty()) {
      append_string(out_, word);
    } else {
      append_number(out_, static_cast<std::uint64_t>(value));
    }
  }

  template <class T>
  static const Defaults& defaults_of() {
    static const Defaults defaults = [] {
      Defaults found;
      const T untouched{};
      std::string text;
      JsonWriter writer(text);
      writer.record_ = &found;
      describe(writer, untouched);
      return found;
    }();
    return defaults;
  }

  std::string& out_;
  const Members members_;
  const Defaults* defaults_ = nullptr;
  Defaults* record_ = nullptr;
  std::string group_;  // of the members, with a full stop behind it; empty: none
  bool empty_ = true, utf8_ = true;
};

}  // namespace ackwire::wire
