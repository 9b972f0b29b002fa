#include "ackwire/settle.hpp"

#include <array>

namespace ackwire {
namespace {

constexpr std::array<std::string_view, 6> names{"", "ack", "nack", "reject", "release", "extend"};  // by number

}  // namespace

std::string_view name(SettleKind kind) noexcept {
  const auto number = static_cast<std::size_t>(kind);
  return number < names.size() ? names[number] : std::string_view{};
}

std::optional<SettleKind> settle_kind(std::uint8_t number) noexcept {
  if (number == 0 || number >= names.size()) return std::nullopt;
  return static_cast<SettleKind>(number);
}

std::optional<SettleKind> settle_kind(std::string_view name) noexcept {
  for (std::size_t number = 1; number < names.size(); ++number) {
    if (names[number] == name) return static_cast<SettleKind>(number);
  }
  return std::nullopt;
}

}  // namespace ackwire
