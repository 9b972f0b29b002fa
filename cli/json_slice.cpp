#include "json_slice.hpp"

#include <nlohmann/json.hpp>

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
  if (value.find('\\') == std::string_view::npos) return std::string(value.substr(1, value.size() - 2));
  return nlohmann::json::parse(value).get<std::string>();
}

}  // namespace ackwire::cli
