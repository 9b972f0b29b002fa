// Little-endian integers in raw bytes, at any alignment.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <string>

namespace ackwire::format {

template <std::integral T>
constexpr T little(T value) noexcept {
  if constexpr (std::endian::native == std::endian::little || sizeof(T) == 1) return value;
  T swapped = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) swapped = static_cast<T>((swapped << 8) | ((value >> (8 * i)) & 0xff));
  return swapped;
}

/// Requires sizeof(T) readable bytes at `from`.
template <std::integral T>
T load(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return little(value);
}

/// Requires sizeof(T) writable bytes at `to`.
template <std::integral T>
void store(char* to, T value) noexcept {
  value = little(value);
  std::memcpy(to, &value, sizeof value);
}

template <std::integral T>
void append(std::string& out, T value) {
  value = little(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace ackwire::format
