// What is checked before anything is sent, where the broker could not tell what was meant.
#pragma once

#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/limits.hpp"

namespace ackwire::client {

/// Only the size, which must fit a frame: the broker knows the whole naming rule.
inline Status check_name_size(std::string_view kind, std::string_view name) {
  if (!name.empty() && name.size() <= limits::name_bytes) return {};
  return Error{Errc::invalid_name, "The " + std::string(kind) + " name has " + std::to_string(name.size()) + " bytes, 1 to " +
                                       std::to_string(limits::name_bytes) + " are allowed. Nothing was sent."};
}

}  // namespace ackwire::client
