#include "rules/quote.hpp"

#include "ackwire/limits.hpp"

namespace ackwire::rules {
namespace {

constexpr char digits[] = "0123456789abcdef";

/// Bytes of the character at the front of `text` when it acts on the line instead of being seen in it; 0 otherwise.
std::size_t acting_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (byte(0) < 0x20 || byte(0) == 0x7f || byte(0) == '\'' || byte(0) == '\\') return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;  // C1 controls
  if (byte(0) != 0xe2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae));
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return marks || isolates ? 3 : 0;
}

void append_byte(std::string& out, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  out.append("\\x").append(1, digits[value >> 4]).append(1, digits[value & 15]);
}

}  // namespace

std::string quote(std::string_view text) {
  std::string_view shown = text;
  if (shown.size() > limits::name_bytes) {
    std::size_t end = limits::name_bytes;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0) == 0x80) --end;  // between characters
    shown = shown.substr(0, end);
  }
  std::string out = "'";
  for (std::size_t i = 0; i < shown.size();) {
    const std::size_t acting = acting_bytes(shown.substr(i));
    if (acting == 0) out += shown[i++];
    for (const std::size_t end = i + acting; acting > 0 && i < end; ++i) append_byte(out, shown[i]);
  }
  return out += shown.size() < text.size() ? "...'" : "'";
}

std::string quote_first(std::string_view text) {
  std::size_t bytes = 1;
  if (static_cast<unsigned char>(text[0]) >= 0xc0) {
    while (bytes < text.size() && bytes < 4 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) ++bytes;
  }
  return quote(text.substr(0, bytes));
}

}  // namespace ackwire::rules
