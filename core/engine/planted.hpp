// Faults that tests plant to prove that they would notice.
#pragma once

#include <cstdint>

namespace ackwire::engine {

enum class Planted : std::uint8_t {
  none,
  dedupe_apart,            // dedupe rows are written one turn late
  ack_without_token,       // any token settles
  sequence_from_last_key,  // what was drained is forgotten
  lease_not_counted,       // memory contradicts itself
};

/// Whether the engines of this thread have the fault. Always false in a build without tests.
bool planted(Planted fault);

/// From now on the engines of this thread have this fault, and no other. Exists only in a build with tests.
void plant(Planted fault);

}  // namespace ackwire::engine
