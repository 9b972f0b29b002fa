// Tagged members: how what is stored can grow. A value is a list of members in rising order of their numbers:
//
//   members = member*
//   member  = number:u8 kind:u8 value [bytes]
//   kind    = 128 required + 64 sized + width       width 0 to 8
//   value   = `width` bytes, little-endian; of a sized member the count of `bytes`
//
// A member that is not there has its default. A number has one meaning for good; one that comes several times in a row is a list.
// A reader that does not know a number keeps the member and writes it back, unless it is marked required: then it must not go on.
// The values are permanent.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ackwire::format {

static_assert(std::endian::native == std::endian::little, "members are copied as they lie in memory");

enum MemberKind : std::uint8_t { member_required = 128, member_sized = 64, member_width = 15 };

/// The most that one member takes, without its bytes.
inline constexpr std::size_t member_head_bytes = 2 + 8;

/// One member as it lies there.
struct Member {
  std::uint8_t number = 0;
  std::uint8_t kind = 0;
  std::uint64_t value = 0;
  std::string_view bytes;  // of a sized one
  std::string_view whole;  // head included
};

/// Splits the first member off. False when it is cut short or has a kind that there is not.
bool split(std::string_view& members, Member& member);

/// Writes members into room that was made before.
class MemberWriter {
 public:
  /// `room` must take all that is put.
  explicit MemberWriter(char* room) : at_(room) {}
  /// Nothing for 0, which is what an absent number is.
  void number(std::uint8_t number, std::uint64_t value) {
    if (value != 0) head(number, width_of(value), value);
  }
  /// Also when it is 0: an element of a list, or a member whose default is not 0.
  void element(std::uint8_t number, std::uint64_t value) { head(number, width_of(value), value); }
  /// Nothing when it is empty.
  void bytes(std::uint8_t number, std::string_view value) {
    if (!value.empty()) element(number, value, width_of(value.size()));
  }
  /// The same for an element, which may be empty. `width` is that of its size.
  void element(std::uint8_t number, std::string_view value, std::uint8_t width) {
    head(number, static_cast<std::uint8_t>(member_sized | width), value.size());
    raw(value);
  }
  /// As it is.
  void raw(std::string_view value) { at_ += value.copy(at_, value.size()); }
  char* end() const { return at_; }

  static std::uint8_t width_of(std::uint64_t value) { return static_cast<std::uint8_t>((std::bit_width(value) + 7) / 8); }

 private:
  // All eight bytes are written, and those that count are kept: without a loop.
  void head(std::uint8_t number, std::uint8_t kind, std::uint64_t value) {
    *at_++ = static_cast<char>(number);
    *at_++ = static_cast<char>(kind);
    std::memcpy(at_, &value, sizeof value);
    at_ += kind & member_width;
  }
  char* at_;
};

}  // namespace ackwire::format
