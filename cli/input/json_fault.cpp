// RFC 8259, checked without a limit of depth or number, and with the place of what is wrong.
#include <fmt/format.h>

#include <vector>

#include "input/json_slice.hpp"
#include "output/text.hpp"

namespace ackwire::cli {
namespace {

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  std::optional<JsonFault> run() {
    skip_space();
    const std::size_t begin = at_;
    if (!value()) return fault_;
    while (!open_.empty()) {
      if (!rest_of_nested()) return fault_;
    }
    skip_space();
    if (at_ < text_.size()) return fail(fmt::format("{} stands behind the end", here())), fault_;
    if (text_[begin] != '{') return JsonFault{begin, fmt::format("it is {}, not an object", kind(text_[begin]))};
    return std::nullopt;
  }

 private:
  static std::string_view kind(char first) {
    switch (first) {
      case '[': return "an array";
      case '"': return "a string";
      case 't':
      case 'f': return "true or false";
      case 'n': return "null";
      default: return "a number";
    }
  }

  bool fail(std::string cause) {
    if (!fault_) fault_ = JsonFault{at_, std::move(cause)};
    return false;
  }
  /// The character at hand, for a person.
  std::string here() const {
    if (at_ >= text_.size()) return "the end of the line";
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return fmt::format("\"{}\"", printable(text_.substr(at_, end - at_)));
  }
  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    skip_space();
    if (!at(c)) return false;
    ++at_;
    return true;
  }

  /// A scalar, or the beginning of an object or array, up to its first value.
  bool value() {
    while (true) {
      skip_space();
      if (at('"')) return string();
      if (at('-') || digit()) return number();
      if (at('{')) {
        ++at_;
        if (take('}')) return true;
        open_.push_back('}');
        if (!name()) return false;
      } else if (at('[')) {
        ++at_;
        if (take(']')) return true;
        open_.push_back(']');
      } else {
        return literal();
      }
    }
  }

  /// Behind a value inside the innermost object or array.
  bool rest_of_nested() {
    const char end = open_.back();
    if (take(end)) {
      open_.pop_back();
      return true;
    }
    if (!take(',')) return fail(fmt::format("',' or '{}' is expected, not {}", end, here()));
    return (end == ']' || name()) && value();
  }

  bool name() {
    skip_space();
    if (!at('"')) return fail(fmt::format("a name in quotes is expected, not {}", here()));
    if (!string()) return false;
    return take(':') || fail(fmt::format("':' is expected, not {}", here()));
  }

  bool literal() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return true;
    }
    return fail(fmt::format("a value is expected, not {}", here()));
  }

  bool digits() {
    if (!digit()) return fail(fmt::format("a digit is expected, not {}", here()));
    while (digit()) ++at_;
    return true;
  }

  bool number() {
    if (at('-')) ++at_;
    const std::size_t first = at_;
    if (!digits()) return false;
    if (text_[first] == '0' && at_ - first > 1) {
      at_ = first;
      return fail("a number of several digits does not begin with 0");
    }
    if (at('.') && (++at_, !digits())) return false;
    if (!at('e') && !at('E')) return true;
    ++at_;
    if (at('+') || at('-')) ++at_;
    return digits();
  }

  bool string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte < 0x20) return fail(fmt::format("the control character {:#04x} in a string must be escaped", byte));
      if (byte == '\\' && !escape()) return false;
    }
    if (at_ >= text_.size()) return fail("the line ends inside a string");
    ++at_;
    return true;
  }

  /// Leaves its last character at hand.
  bool escape() {
    ++at_;
    if (at_ >= text_.size()) return fail("the line ends inside a string");
    if (text_[at_] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(text_[at_]) != std::string_view::npos) return true;
      return fail(fmt::format("there is no escape \\ followed by {}", here()));
    }
    for (int i = 0; i < 4; ++i) {
      ++at_;
      const bool hex = at_ < text_.size() && std::string_view("0123456789abcdefABCDEF").find(text_[at_]) != std::string_view::npos;
      if (!hex) return fail(fmt::format("four hex digits are expected behind \\u, not {}", here()));
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<char> open_;  // what closes the objects and arrays around
  std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text) {
  if (const std::size_t good = valid_prefix(text); good < text.size()) {
    return JsonFault{good, fmt::format("the byte {:#04x} is not UTF-8", static_cast<unsigned char>(text[good]))};
  }
  return Checker(text).run();
}

}  // namespace ackwire::cli
