// What a side of a session can do beyond what every side of version 1 can: named in HELLO and WELCOME, used only when the other
// side has named it. A name is permanent; one that is not known is passed over.
//
//   capabilities = count:u8 { name:str8 }
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/frame.hpp"

namespace ackwire::wire {

enum class Capability : std::uint8_t {
  begun = 0,  // BEGUN, RECALL and the concurrency of SUBSCRIBE
};
std::string_view name(Capability capability) noexcept;

inline constexpr std::size_t capabilities_max = 64;       // names in one list
inline constexpr std::size_t capability_name_bytes = 32;  // of one name, at most

class Capabilities {
 public:
  constexpr Capabilities() = default;
  /// Everything that this program can do.
  static Capabilities all();
  /// Of a side that names none, because it was written before there was a list.
  static Capabilities unnamed();
  bool has(Capability capability) const { return (bits_ & bit(capability)) != 0; }
  Capabilities& add(Capability capability) { return bits_ |= bit(capability), *this; }
  Capabilities without(Capability capability) const {
    Capabilities other = *this;
    other.bits_ &= ~bit(capability);
    return other;
  }
  friend bool operator==(const Capabilities&, const Capabilities&) = default;

 private:
  static std::uint32_t bit(Capability capability) { return 1u << static_cast<unsigned>(capability); }
  std::uint32_t bits_ = 0;
};

void put(FrameWriter& writer, const Capabilities& capabilities);
/// A list that is too long, or a name that cannot be one, is an error; one that is cut short makes reader.finish() fail.
Result<Capabilities> take_capabilities(FrameReader& reader);

}  // namespace ackwire::wire
