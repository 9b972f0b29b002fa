// A frame: one message between a client and the broker. docs/protocol.md is the specification.
//
//   frame = 'A' 'W' version:u8 operation:u8 request:u32 payload          all integers little-endian
//
// Decoders never read outside the frame and never allocate more than a small multiple of it. They answer with the error
// that the peer must be told: frame_short, bad_magic, unsupported_version, unknown_operation, bad_length, trailing_bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "format/bytes.hpp"

namespace ackwire::wire {

inline constexpr std::uint8_t version_min = 1;
inline constexpr std::uint8_t version_max = 1;
inline constexpr std::size_t frame_head_bytes = 8;

/// The values are permanent.
enum class Operation : std::uint8_t {
  hello = 1,
  welcome = 2,
  publish = 3,
  confirm = 4,
  subscribe = 5,
  subscribed = 6,
  unsubscribe = 7,
  credit = 8,
  deliver = 9,
  settle = 10,
  settled = 11,
  renew = 12,
  subscription_ended = 13,
  request = 14,
  reply = 15,
  ping = 16,
  pong = 17,
  error = 18,
  goodbye = 19,
  begun = 20,
  recall = 21,
};
/// "publish"; "unknown" for a number that is no operation.
std::string_view name(Operation operation) noexcept;

struct Frame {
  Operation operation{};
  std::uint32_t request = 0;
  std::string_view payload;
};
/// Splits the head off. Errors: frame_short, bad_magic, unsupported_version, unknown_operation. `request` is set whenever the
/// head is whole, so that the answer can name it.
Status split_frame(std::string_view bytes, Frame& frame);
/// True when the peer that sent a frame with this error cannot be talked to: answer, then end its session.
bool ends_session(Errc code) noexcept;

/// Appends one frame. The head is written by the constructor.
class FrameWriter {
 public:
  FrameWriter(std::string& out, Operation operation, std::uint32_t request);
  FrameWriter& u8(std::uint8_t value);
  FrameWriter& u16(std::uint16_t value);
  FrameWriter& u32(std::uint32_t value);
  FrameWriter& u64(std::uint64_t value);
  FrameWriter& i64(std::int64_t value);
  FrameWriter& bytes(std::string_view value);
  /// Requires at most 255 bytes; longer is cut (names are checked long before).
  FrameWriter& str8(std::string_view value);
  /// Cut at limits::error_text_bytes, between characters; what is not UTF-8 is replaced.
  FrameWriter& text(std::string_view value);

 private:
  std::string& out_;
};

/// A cursor over a payload. A read beyond the end gives zeros and makes finish() fail.
class FrameReader {
 public:
  explicit FrameReader(std::string_view payload) : payload_(payload), left_(payload) {}
  std::uint8_t u8() { return integer<std::uint8_t>(); }
  std::uint16_t u16() { return integer<std::uint16_t>(); }
  std::uint32_t u32() { return integer<std::uint32_t>(); }
  std::uint64_t u64() { return integer<std::uint64_t>(); }
  std::int64_t i64() { return integer<std::int64_t>(); }
  std::string_view bytes(std::size_t count);
  std::string_view str8() { return bytes(u8()); }
  std::string_view str16() { return bytes(u16()); }
  /// Everything that is left.
  std::string_view rest() { return bytes(left_.size()); }
  std::size_t left() const { return left_.size(); }
  /// Count of things of at least `each` bytes that follow; 0 and failed when the frame cannot hold them.
  std::uint32_t count_of(std::size_t each);
  bool failed() const { return failed_; }
  /// Errors: bad_length, trailing_bytes.
  Status finish() const;

 private:
  template <class T>
  T integer() {
    const std::string_view read = bytes(sizeof(T));
    return failed_ ? T{0} : format::load<T>(read.data());
  }
  void fail(std::uint64_t needed);
  std::string_view payload_, left_;
  bool failed_ = false;
  std::uint64_t needed_ = 0;             // by the field that failed
  std::size_t failed_at_ = 0, had_ = 0;  // where it begins in the payload, and the bytes that were there for it
};

}  // namespace ackwire::wire
