// The version of the library.
#pragma once

#include <string_view>

namespace ackwire {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;
/// "0.1.0"
std::string_view version() noexcept;

}  // namespace ackwire
