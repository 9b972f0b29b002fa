// Bodies that prove themselves: everything follows from the message's name, which stands at their beginning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kill_test {

inline constexpr std::size_t longest_tail = 1'500;

/// "NAME|" and then bytes of any value; the length and every byte follow from the name.
inline std::string body_of(std::string_view name) {
  std::uint64_t state = 0xcbf29ce484222325ull;
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  std::string body = std::string(name) + "|";
  const std::size_t length = body.size() + state % longest_tail;
  while (body.size() < length) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    body += static_cast<char>(state >> 56);
  }
  return body;
}

/// The name a body claims; empty when it has none.
inline std::string_view name_in(std::string_view body) {
  const auto end = body.find('|');
  return end == std::string_view::npos ? std::string_view() : body.substr(0, end);
}

}  // namespace kill_test
