// How many seeds the gate runs: --seeds N, or ACKWIRE_SEEDS, or 2,000.
#pragma once

#include <cstdint>

namespace ackwire::simulator {

std::uint64_t seed_count();

}  // namespace ackwire::simulator
