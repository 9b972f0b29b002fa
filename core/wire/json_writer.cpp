#include "wire/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "format/utf8.hpp"

namespace ackwire::wire {
namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Two digits for twelve bits.
constexpr auto base64_pairs = [] {
  std::array<char, 2 * 4096> pairs{};
  for (std::size_t i = 0; i < 4096; ++i) {
    pairs[2 * i] = base64_digits[i >> 6];
    pairs[2 * i + 1] = base64_digits[i & 63];
  }
  return pairs;
}();

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view escaped = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  if (const std::size_t at = escaped.find(c); at != std::string_view::npos) {
    out.append(1, '\\').append(1, letters[at]);
  } else {
    constexpr std::string_view hex = "0123456789abcdef";
    out.append("\\u00").append(1, hex[static_cast<unsigned char>(c) >> 4]).append(1, hex[static_cast<unsigned char>(c) & 15]);
  }
}

template <class T>
void append_digits(std::string& out, T number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

// sodium's takes the same time for all bytes, which is for keys and ten times slower. Bodies are no secret from who asks for them.
void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() + 2) / 3 * 4, '=');
  char* to = out.data() + before;
  const auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* const end_of_threes = from + bytes.size() / 3 * 3;
  for (; from < end_of_threes; from += 3, to += 4) {
    const std::uint32_t three = std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
    std::memcpy(to, &base64_pairs[2 * (three >> 12)], 2);
    std::memcpy(to + 2, &base64_pairs[2 * (three & 4095)], 2);
  }
  const std::size_t left = bytes.size() % 3;
  if (left == 0) return;
  const std::uint32_t last = std::uint32_t{from[0]} << 16 | (left == 2 ? std::uint32_t{from[1]} << 8 : 0);
  std::memcpy(to, &base64_pairs[2 * (last >> 12)], 2);
  if (left == 2) to[2] = base64_digits[last >> 6 & 63];
}

bool append_string(std::string& out, std::string_view text) {
  std::string mended;
  const bool utf8 = format::is_utf8(text);
  if (!utf8) {
    mended = format::mend_utf8(text);
    text = mended;
  }
  out += '"';
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && (is_plain(text[end]) || static_cast<unsigned char>(text[end]) >= 0x80)) ++end;
    out.append(text.substr(begin, end - begin));
    if (end < text.size()) append_escaped(out, text[end++]);
    begin = end;
  }
  out += '"';
  return utf8;
}

void append_number(std::string& out, std::int64_t number) { append_digits(out, number); }
void append_number(std::string& out, std::uint64_t number) { append_digits(out, number); }
void append_number(std::string& out, double number) { out += Json(number).dump(); }

}  // namespace ackwire::wire
