#include "wire/frame.hpp"

#include <algorithm>

#include "ackwire/limits.hpp"
#include "format/bytes.hpp"
#include "format/utf8.hpp"

namespace ackwire::wire {
namespace {

constexpr std::string_view magic = "AW";
constexpr std::string_view harmless = " Nothing was stored or changed by it. ";

Error refuse(Errc code, std::string what, std::string_view way_out) {
  return Error{code, std::move(what.append(harmless).append(way_out))};
}

}  // namespace

std::string_view name(Operation operation) noexcept {
  switch (operation) {
    case Operation::hello: return "hello";
    case Operation::welcome: return "welcome";
    case Operation::publish: return "publish";
    case Operation::confirm: return "confirm";
    case Operation::subscribe: return "subscribe";
    case Operation::subscribed: return "subscribed";
    case Operation::unsubscribe: return "unsubscribe";
    case Operation::credit: return "credit";
    case Operation::deliver: return "deliver";
    case Operation::settle: return "settle";
    case Operation::settled: return "settled";
    case Operation::renew: return "renew";
    case Operation::subscription_ended: return "subscription_ended";
    case Operation::request: return "request";
    case Operation::reply: return "reply";
    case Operation::ping: return "ping";
    case Operation::pong: return "pong";
    case Operation::error: return "error";
    case Operation::goodbye: return "goodbye";
    case Operation::begun: return "begun";
    case Operation::recall: return "recall";
  }
  return "unknown";
}

Status split_frame(std::string_view bytes, Frame& frame) {
  frame = {};
  if (bytes.size() < frame_head_bytes) {
    return refuse(Errc::frame_short, "A frame of " + std::to_string(bytes.size()) + " bytes is shorter than its head of 8 bytes.",
                  "Send each frame whole, as one message of one part.");
  }
  if (bytes.substr(0, magic.size()) != magic) {
    return refuse(Errc::bad_magic, "A frame does not start with 'AW': the peer does not speak the Ackwire protocol.",
                  "The session is over. Check the endpoint, then connect and say hello again.");
  }
  frame.request = format::load<std::uint32_t>(bytes.data() + 4);
  const auto version = format::load<std::uint8_t>(bytes.data() + 2);
  if (version < version_min || version > version_max) {
    return refuse(Errc::unsupported_version,
                  "A frame has protocol version " + std::to_string(version) + ", this side speaks " + std::to_string(version_min) +
                      " to " + std::to_string(version_max) + ".",
                  "The session is over. Use matching versions of client and broker.");
  }
  const auto number = format::load<std::uint8_t>(bytes.data() + 3);
  if (number < static_cast<std::uint8_t>(Operation::hello) || number > static_cast<std::uint8_t>(Operation::recall)) {
    return refuse(Errc::unknown_operation, "A frame asks for operation " + std::to_string(number) + ", which does not exist.",
                  "The session goes on. Use an operation of protocol version " + std::to_string(version_max) + ".");
  }
  frame.operation = static_cast<Operation>(number);
  frame.payload = bytes.substr(frame_head_bytes);
  return {};
}

bool ends_session(Errc code) noexcept { return code == Errc::bad_magic || code == Errc::unsupported_version; }

FrameWriter::FrameWriter(std::string& out, Operation operation, std::uint32_t request) : out_(out) {
  out_.append(magic);
  u8(version_max).u8(static_cast<std::uint8_t>(operation)).u32(request);
}

FrameWriter& FrameWriter::u8(std::uint8_t value) { return format::append(out_, value), *this; }
FrameWriter& FrameWriter::u16(std::uint16_t value) { return format::append(out_, value), *this; }
FrameWriter& FrameWriter::u32(std::uint32_t value) { return format::append(out_, value), *this; }
FrameWriter& FrameWriter::u64(std::uint64_t value) { return format::append(out_, value), *this; }
FrameWriter& FrameWriter::i64(std::int64_t value) { return format::append(out_, value), *this; }
FrameWriter& FrameWriter::bytes(std::string_view value) { return out_.append(value), *this; }

FrameWriter& FrameWriter::str8(std::string_view value) {
  value = value.substr(0, 255);
  return u8(static_cast<std::uint8_t>(value.size())).bytes(value);
}

FrameWriter& FrameWriter::text(std::string_view value) {
  const std::string mended = format::is_utf8(value) ? std::string() : format::mend_utf8(value);
  value = format::cut_utf8(mended.empty() ? value : mended, limits::error_text_bytes);
  return u16(static_cast<std::uint16_t>(value.size())).bytes(value);
}

std::string_view FrameReader::bytes(std::size_t count) {
  if (left_.size() < count) {
    fail(count);
    return {};
  }
  const std::string_view value = left_.substr(0, count);
  left_.remove_prefix(count);
  return value;
}

std::uint32_t FrameReader::count_of(std::size_t each) {
  const std::uint32_t count = u32();
  if (count <= left_.size() / each) return count;
  fail(std::uint64_t{count} * each);
  return 0;
}

void FrameReader::fail(std::uint64_t needed) {
  if (!failed_) {
    failed_at_ = payload_.size() - left_.size();
    needed_ = needed;
    had_ = left_.size();
  }
  failed_ = true;
  left_ = {};
}

Status FrameReader::finish() const {
  if (failed_) {
    return refuse(Errc::bad_length,
                  "A length, a count or the end of a frame is wrong: what begins at byte " + std::to_string(failed_at_ + 1) +
                      " of the payload needs " + std::to_string(needed_) + " bytes, and " + std::to_string(had_) + " are left.",
                  "Mend the frame; the session goes on.");
  }
  if (!left_.empty()) {
    return refuse(Errc::trailing_bytes,
                  "A frame has " + std::to_string(left_.size()) + " bytes more than its operation has: they begin at byte " +
                      std::to_string(payload_.size() - left_.size() + 1) + " of the payload.",
                  "Mend the frame; the session goes on.");
  }
  return {};
}

}  // namespace ackwire::wire
