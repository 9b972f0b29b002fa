// ZMTP 3.1 as a ROUTER speaks it with the mechanism NULL: https://rfc.zeromq.org/spec/23. Bytes only, no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ackwire::transport::zmtp {

inline constexpr std::size_t greeting_bytes = 64;
inline constexpr std::size_t head_bytes = 9;       ///< of a frame, at most
inline constexpr std::size_t command_bytes = 512;  ///< of one command; a longer one is refused

/// What a broker says first.
std::string_view greeting();
/// Whether what came so far, up to greeting_bytes, is the beginning of a greeting that can be answered.
bool greeting_begins(std::string_view bytes);

/// The head of a frame.
struct Head {
  bool more = false, command = false;
  std::uint64_t size = 0;
  std::size_t bytes = 0;  // of the head itself
};
enum class Split : std::uint8_t { whole, cut, bad };
/// Reads the head that `bytes` begins with.
Split split_head(std::string_view bytes, Head& head);
/// Appends the head of a message of one part.
void append_head(std::string& out, std::uint64_t size);

/// The broker's READY, as a frame.
std::string_view ready();
/// Whether this is a READY of a socket that may talk to a ROUTER.
bool is_ready(std::string_view command);
/// The frame that answers a PING; empty when the command is none.
std::string pong_to(std::string_view command);

}  // namespace ackwire::transport::zmtp
