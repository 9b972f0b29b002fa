#include "input/json_slice.hpp"

#include <cstdint>

namespace ackwire::cli {
namespace {

/// Reads valid JSON from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view value() {
    skip_space();
    const std::size_t begin = at_;
    if (at_ >= text_.size()) return {};
    if (text_[at_] == '"') {
      skip_string();
    } else if (text_[at_] == '{' || text_[at_] == '[') {
      skip_nested();
    } else {
      while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) at_ += text_[at_] == '\\';
    ++at_;
  }

  void skip_nested() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

char unescaped(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

std::uint32_t hex4(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const auto digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

bool is_high(std::uint32_t point) { return point >= 0xD800 && point < 0xDC00; }
bool is_low(std::uint32_t point) { return point >= 0xDC00 && point < 0xE000; }

/// Whether the low half of a pair is escaped at `at`.
bool pairs(std::string_view value, std::size_t at) {
  return at + 6 <= value.size() && value[at] == '\\' && value[at + 1] == 'u' && is_low(hex4(value.substr(at + 2)));
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&out, point](unsigned shift) { out += static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::optional<std::string_view> member(std::string_view object, std::string_view wanted) {
  Scanner scanner(object);
  if (!scanner.take('{') || scanner.take('}')) return std::nullopt;
  std::optional<std::string_view> found;
  do {
    const auto key = scanner.value();
    scanner.take(':');
    const auto value = scanner.value();
    if (json_text(key) == wanted) found = value;  // the last one counts, as in most readers of JSON
  } while (scanner.take(','));
  return found;
}

}  // namespace

std::optional<std::string_view> json_member(std::string_view object, std::string_view path) {
  if (const auto whole = member(object, path)) return whole;
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto inner = member(object, path.substr(0, dot));
  return inner ? json_member(*inner, path.substr(dot + 1)) : std::nullopt;
}

std::string json_text(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\') {
      out += value[i];
      continue;
    }
    const char c = value[++i];
    if (c != 'u') {
      out += unescaped(c);
      continue;
    }
    std::uint32_t point = hex4(value.substr(i + 1));
    i += 4;
    if (is_high(point) && pairs(value, i + 1)) {
      point = 0x10000 + ((point - 0xD800) << 10) + (hex4(value.substr(i + 3)) - 0xDC00);
      i += 6;
    }
    append_utf8(out, point);
  }
  return out;
}

std::optional<std::size_t> find_half_surrogate(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::nullopt;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] != '\\') continue;
    const std::size_t begin = i++;
    if (value[i] != 'u') continue;
    const std::uint32_t point = hex4(value.substr(i + 1));
    i += 4;
    if (is_low(point)) return begin;
    if (!is_high(point)) continue;
    if (!pairs(value, i + 1)) return begin;
    i += 6;
  }
  return std::nullopt;
}

}  // namespace ackwire::cli
