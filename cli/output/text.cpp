#include "output/text.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace ackwire::cli {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  ///< 0: the first byte does not begin a well-formed sequence
};

CodePoint next(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  std::uint32_t value = 0, least = 0;
  if ((lead & 0xE0) == 0xC0)
    length = 2, value = lead & 0x1Fu, least = 0x80;
  else if ((lead & 0xF0) == 0xE0)
    length = 3, value = lead & 0x0Fu, least = 0x800;
  else if ((lead & 0xF8) == 0xF0)
    length = 4, value = lead & 0x07u, least = 0x10000;
  if (length == 0 || bytes.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, length};
}

/// C1 controls, line separators, and the marks that reorder what is shown.
bool steers(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C || point == 0x200E || point == 0x200F ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

void append_escaped(std::string& out, std::uint32_t point) {
  switch (point) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += point < 0x80 ? fmt::format("\\x{:02x}", point) : fmt::format("\\u{{{:04x}}}", point);
}

}  // namespace

std::size_t valid_prefix(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const CodePoint point = next(bytes.substr(at));
    if (point.length == 0) return at;
    at += point.length;
  }
  return at;
}

bool valid_utf8(std::string_view bytes) { return valid_prefix(bytes) == bytes.size(); }

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = next(bytes);
    if (point.length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.front()));
      bytes.remove_prefix(1);
      continue;
    }
    if (steers(point.value))
      append_escaped(out, point.value);
    else
      out.append(bytes.substr(0, point.length));
    bytes.remove_prefix(point.length);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = bytes.size() - i < 3 ? bytes.size() - i : 3;
    for (std::size_t j = 0; j < 3; ++j) group = (group << 8) | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += j <= have ? alphabet[(group >> (18 - 6 * j)) & 0x3F] : '=';
  }
  return out;
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  for (const char c : utf8) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return width;
}

std::string shorten(std::string_view utf8, std::size_t columns) {
  if (columns == 0 || display_width(utf8) <= columns) return std::string(utf8);
  std::size_t end = 0, seen = 0;
  while (end < utf8.size()) {
    if ((static_cast<unsigned char>(utf8[end]) & 0xC0) != 0x80 && seen++ == columns - 1) break;
    ++end;
  }
  return std::string(utf8.substr(0, end)) + "\u2026";
}

}  // namespace ackwire::cli
