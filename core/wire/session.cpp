#include "wire/session.hpp"

#include <algorithm>
#include <limits>

#include "ackwire/limits.hpp"
#include "format/utf8.hpp"

namespace ackwire::wire {
namespace {

constexpr std::uint16_t hello_with_life = 1, hello_with_capabilities = 2;

template <std::size_t N>
void copy_to(std::array<char, N>& to, std::string_view from) {
  if (from.size() == N) std::copy(from.begin(), from.end(), to.begin());
}

Error refuse_text(std::string_view what) {
  return Error{Errc::invalid_argument, "A hello " + std::string(what) + " No session was begun, and nothing was changed."};
}

}  // namespace

void encode(std::string& out, const Hello& hello) {
  FrameWriter writer(out, Operation::hello, 0);
  writer.u8(hello.min_version)
      .u8(hello.max_version)
      .u16(static_cast<std::uint16_t>((hello.life ? hello_with_life : 0) | (hello.capabilities ? hello_with_capabilities : 0)))
      .bytes({hello.producer.data(), hello.producer.size()})
      .str8(hello.client_name);
  if (hello.life) writer.bytes({hello.life->store_id.data(), hello.life->store_id.size()}).u64(hello.life->boot_epoch);
  if (hello.capabilities) put(writer, *hello.capabilities);
}

Result<Hello> decode_hello(std::string_view payload) {
  FrameReader reader(payload);
  Hello hello;
  hello.min_version = reader.u8();
  hello.max_version = reader.u8();
  const std::uint16_t flags = reader.u16();
  copy_to(hello.producer, reader.bytes(hello.producer.size()));
  hello.client_name = reader.str8();
  if (reader.failed()) return reader.finish().error();
  if (hello.min_version > hello.max_version) {
    return refuse_text("has min_version " + std::to_string(hello.min_version) + " above max_version " +
                       std::to_string(hello.max_version) + ". Put the lower one first.");
  }
  // Before anything else is judged: a later version may have put something behind.
  if (hello.min_version > version_max || hello.max_version < version_min) {
    return Error{Errc::unsupported_version, "The client speaks protocol versions " + std::to_string(hello.min_version) + " to " +
                                                std::to_string(hello.max_version) + ", this broker speaks " +
                                                std::to_string(version_min) + " to " + std::to_string(version_max) +
                                                ". Nothing was lost; use matching versions of client and broker."};
  }
  if ((flags & ~(hello_with_life | hello_with_capabilities)) != 0) {
    return refuse_text("has flags " + std::to_string(flags) +
                       "; they may have 1 when the life that was known last follows, and 2 when capabilities follow.");
  }
  if ((flags & hello_with_life) != 0) {
    Life& life = hello.life.emplace();
    copy_to(life.store_id, reader.bytes(life.store_id.size()));
    life.boot_epoch = reader.u64();
    if (reader.failed()) return reader.finish().error();
  }
  if ((flags & hello_with_capabilities) != 0) {
    const auto capabilities = take_capabilities(reader);
    if (!capabilities) return capabilities.error();
    hello.capabilities = *capabilities;
  }
  if (Status status = reader.finish(); !status) return status.error();
  if (std::all_of(hello.producer.begin(), hello.producer.end(), [](char byte) { return byte == 0; })) {
    return refuse_text(
        "has a producer_id of zeros, which other clients may send too: one would get the answers to the publishes of the "
        "other. Choose 16 random bytes.");
  }
  if (!format::is_utf8(hello.client_name) || !format::has_no_controls(hello.client_name)) {
    return refuse_text(
        "has a client_name that is not UTF-8, or has control characters. Choose another; it is only shown to operators.");
  }
  return hello;
}

void encode(std::string& out, const Welcome& welcome) {
  FrameWriter writer(out, Operation::welcome, 0);
  writer.u8(welcome.version)
      .u8(0)
      .u16(0)
      .u32(welcome.session_timeout_ms)
      .u64(welcome.boot_epoch)
      .u64(welcome.session)
      .u64(welcome.now)
      .bytes({welcome.store_id.data(), welcome.store_id.size()})
      .u32(welcome.max_frame_bytes)
      .str8(welcome.software);
  if (welcome.capabilities) put(writer, *welcome.capabilities);
}

Result<Welcome> decode_welcome(std::string_view payload) {
  FrameReader reader(payload);
  Welcome welcome;
  welcome.version = reader.u8();
  reader.bytes(3);
  welcome.session_timeout_ms = reader.u32();
  welcome.boot_epoch = reader.u64();
  welcome.session = reader.u64();
  welcome.now = reader.u64();
  copy_to(welcome.store_id, reader.bytes(welcome.store_id.size()));
  welcome.max_frame_bytes = reader.u32();
  welcome.software = reader.str8();
  if (!reader.failed() && reader.left() > 0) {
    const auto capabilities = take_capabilities(reader);
    if (!capabilities) return capabilities.error();
    welcome.capabilities = *capabilities;
  }
  if (Status status = reader.finish(); !status) return status.error();
  return welcome;
}

void encode_ping(std::string& out) { FrameWriter(out, Operation::ping, 0); }

Status decode_ping(std::string_view payload) { return FrameReader(payload).finish(); }

void encode_pong(std::string& out, std::uint64_t now, std::uint32_t request) {
  FrameWriter(out, Operation::pong, request).u64(now);
}

Result<std::uint64_t> decode_pong(std::string_view payload) {
  FrameReader reader(payload);
  const std::uint64_t now = reader.u64();
  if (Status status = reader.finish(); !status) return status.error();
  return now;
}

void encode_error(std::string& out, std::uint32_t request, const Error& error) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  FrameWriter(out, Operation::error, request)
      .u16(static_cast<std::uint16_t>(error.code))
      .u32(static_cast<std::uint32_t>(std::clamp<std::int64_t>(error.retry_after.count(), 0, most)))
      .text(error.message);
}

Status decode_error(std::string_view payload, Error& error) {
  FrameReader reader(payload);
  error.code = static_cast<Errc>(reader.u16());
  error.retry_after = std::chrono::milliseconds{reader.u32()};
  error.message = reader.str16();
  return reader.finish();
}

void encode_goodbye(std::string& out, Errc code, std::string_view text) {
  FrameWriter(out, Operation::goodbye, 0).u16(static_cast<std::uint16_t>(code)).text(text);
}

Status decode_goodbye(std::string_view payload, Error& reason) {
  FrameReader reader(payload);
  reason.code = static_cast<Errc>(reader.u16());
  reason.message = reader.str16();
  return reader.finish();
}

}  // namespace ackwire::wire
