// Frames that begin, keep and end a session: hello, welcome, ping, pong, error, goodbye.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "model/command.hpp"
#include "wire/capabilities.hpp"
#include "wire/frame.hpp"

namespace ackwire::wire {

/// One start of one store: what a welcome named.
struct Life {
  std::array<char, 16> store_id{};
  std::uint64_t boot_epoch = 0;
};

struct Hello {
  std::uint8_t min_version = version_min;
  std::uint8_t max_version = version_max;
  model::ProducerId producer{};
  std::string_view client_name;                // shown to operators
  std::optional<Life> life{};                  // of the last welcome that this client had; a broker that never was it refuses
  std::optional<Capabilities> capabilities{};  // none: of a client that knows no list, and can be sent none
};
void encode(std::string& out, const Hello& hello);
/// Errors: bad_length, trailing_bytes, invalid_argument (flags, an inverted range, a producer of zeros, a name that cannot be
/// shown), unsupported_version (no version in common).
Result<Hello> decode_hello(std::string_view payload);

struct Welcome {
  std::uint8_t version = version_max;
  std::uint32_t session_timeout_ms = 0;
  std::uint64_t boot_epoch = 0;
  std::uint64_t session = 0;
  std::uint64_t now = 0;  // ms since the epoch, broker time
  std::array<char, 16> store_id{};
  std::uint32_t max_frame_bytes = 0;
  std::string_view software;
  std::optional<Capabilities> capabilities{};  // only in the answer to a hello that has them
};
void encode(std::string& out, const Welcome& welcome);
Result<Welcome> decode_welcome(std::string_view payload);

void encode_ping(std::string& out);
Status decode_ping(std::string_view payload);
/// `now` is broker time in ms since the epoch; `request` that of the ping, 0 for a pong that nobody asked for.
void encode_pong(std::string& out, std::uint64_t now, std::uint32_t request = 0);
Result<std::uint64_t> decode_pong(std::string_view payload);

/// Answers a frame that was not understood or not allowed. `request` is that of the frame at fault.
void encode_error(std::string& out, std::uint32_t request, const Error& error);
/// The decoded error in `error`; fails when the frame itself is damaged.
Status decode_error(std::string_view payload, Error& error);

/// The last frame of a session, from either side. `code` is ok when nothing is wrong.
void encode_goodbye(std::string& out, Errc code, std::string_view text);
Status decode_goodbye(std::string_view payload, Error& reason);

}  // namespace ackwire::wire
