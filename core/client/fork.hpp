// Handles do not survive a fork: their threads and sockets stay with the parent.
#pragma once

#include <cstdint>

namespace ackwire::client {

/// Rises in the child of every fork. A handle remembers the generation it was made in. Costs one load.
std::uint64_t fork_generation() noexcept;

}  // namespace ackwire::client
