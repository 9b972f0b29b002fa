#include "wire/capabilities.hpp"

#include <algorithm>
#include <array>

namespace ackwire::wire {
namespace {

constexpr std::array known{Capability::begun};

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= capability_name_bytes && std::all_of(text.begin(), text.end(), fits);
}

Error refuse_names(const std::string& what) {
  return {Errc::invalid_argument, "A list of capabilities " + what + ". No session was begun, and nothing was changed."};
}

}  // namespace

std::string_view name(Capability capability) noexcept {
  switch (capability) {
    case Capability::begun: return "begun";
  }
  return "";
}

Capabilities Capabilities::all() {
  Capabilities out;
  for (const Capability capability : known) out.add(capability);
  return out;
}

// BEGUN came before the list did.
Capabilities Capabilities::unnamed() { return Capabilities().add(Capability::begun); }

void put(FrameWriter& writer, const Capabilities& capabilities) {
  const auto has = [&](Capability capability) { return capabilities.has(capability); };
  writer.u8(static_cast<std::uint8_t>(std::count_if(known.begin(), known.end(), has)));
  for (const Capability capability : known) {
    if (has(capability)) writer.str8(name(capability));
  }
}

Result<Capabilities> take_capabilities(FrameReader& reader) {
  Capabilities out;
  const std::size_t count = reader.u8();
  if (count > capabilities_max) {
    return refuse_names("has " + std::to_string(count) + " names, at most " + std::to_string(capabilities_max) + " are allowed");
  }
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    const std::string_view text = reader.str8();
    if (reader.failed()) break;
    if (!is_name(text)) {
      return refuse_names("has a name that is not 1 to " + std::to_string(capability_name_bytes) +
                          " of a-z, 0-9, _ and - (number " + std::to_string(i + 1) + ")");
    }
    for (const Capability capability : known) {
      if (name(capability) == text) out.add(capability);
    }
  }
  return out;
}

}  // namespace ackwire::wire
