#include "transport/zmtp.hpp"

#include <algorithm>

namespace ackwire::transport::zmtp {
namespace {

using namespace std::string_view_literals;

constexpr unsigned char flag_more = 1, flag_long = 2, flag_command = 4, flags_known = 7;
constexpr std::size_t signature_bytes = 10, mechanism_at = 12, mechanism_bytes = 20;
constexpr std::size_t ping_context_bytes = 16, ping_ttl_bytes = 2;

unsigned char at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8 | at(bytes, i);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::string command_frame(std::string_view command) {
  std::string frame;
  frame.push_back(static_cast<char>(flag_command));
  frame.push_back(static_cast<char>(command.size()));
  return frame.append(command);
}

}  // namespace

std::string_view greeting() {
  static const std::string bytes = [] {
    std::string text("\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL"sv);
    text.resize(greeting_bytes, '\0');
    return text;
  }();
  return bytes;
}

bool greeting_begins(std::string_view bytes) {
  if (!bytes.empty() && at(bytes, 0) != 0xff) return false;
  if (bytes.size() >= signature_bytes && (at(bytes, signature_bytes - 1) & 1) == 0) return false;
  if (bytes.size() > signature_bytes && at(bytes, signature_bytes) < 3) return false;  // ZMTP 2 and older
  if (bytes.size() < mechanism_at + mechanism_bytes) return true;
  return bytes.substr(mechanism_at, mechanism_bytes) == greeting().substr(mechanism_at, mechanism_bytes);
}

Split split_head(std::string_view bytes, Head& head) {
  if (bytes.size() < 2) return bytes.empty() || (at(bytes, 0) & ~flags_known) == 0 ? Split::cut : Split::bad;
  const unsigned char flags = at(bytes, 0);
  if ((flags & ~flags_known) != 0) return Split::bad;
  head.more = (flags & flag_more) != 0;
  head.command = (flags & flag_command) != 0;
  if (head.command && head.more) return Split::bad;
  if ((flags & flag_long) == 0) {
    head.size = at(bytes, 1);
    head.bytes = 2;
    return Split::whole;
  }
  if (bytes.size() < head_bytes) return Split::cut;
  head.size = big_endian(bytes.substr(1, 8));
  head.bytes = head_bytes;
  return Split::whole;
}

void append_head(std::string& out, std::uint64_t size) {
  if (size <= 0xff) {
    out.push_back('\0');
    out.push_back(static_cast<char>(size));
    return;
  }
  out.push_back(static_cast<char>(flag_long));
  append_big_endian(out, size, 8);
}

std::string_view ready() {
  static const std::string frame = command_frame("\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0"sv);
  return frame;
}

bool is_ready(std::string_view command) {
  constexpr std::string_view name = "\x05READY";
  if (!command.starts_with(name)) return false;
  command.remove_prefix(name.size());
  bool can_talk = false;
  while (!command.empty()) {
    const std::size_t key_bytes = at(command, 0);
    if (command.size() < 1 + key_bytes + 4) return false;
    std::string key(command.substr(1, key_bytes));
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    command.remove_prefix(1 + key_bytes);
    const std::uint64_t value_bytes = big_endian(command.substr(0, 4));
    command.remove_prefix(4);
    if (command.size() < value_bytes) return false;
    const std::string_view value = command.substr(0, value_bytes);
    command.remove_prefix(value_bytes);
    if (key == "socket-type") can_talk = value == "DEALER" || value == "REQ" || value == "ROUTER";
  }
  return can_talk;
}

std::string pong_to(std::string_view command) {
  constexpr std::string_view ping = "\x04PING";
  if (!command.starts_with(ping) || command.size() < ping.size() + ping_ttl_bytes) return {};
  return command_frame(std::string("\x04PONG").append(command.substr(ping.size() + ping_ttl_bytes, ping_context_bytes)));
}

}  // namespace ackwire::transport::zmtp
