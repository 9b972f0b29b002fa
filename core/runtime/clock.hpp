// Broker time: monotonic for leases, and a wall clock that never goes back and never jumps.
#pragma once

#include <cstdint>

#include "model/command.hpp"

namespace ackwire::runtime {

/// The wall part follows the system's clock by running up to twice as fast, or half as fast, until both agree. A system clock that
/// is further than `jump` away is not followed at all (a restored machine, a wrong time server): messages must not expire in bulk.
/// Not thread-safe.
class Clock {
 public:
  static constexpr Duration jump{300'000};

  /// `mono` and `system` are readings of the two clocks of the machine.
  Clock(Duration mono, Timestamp system) : mono_(mono), wall_(system) {}
  model::Now at(Duration mono, Timestamp system);
  /// True while the system's clock is not followed.
  bool frozen() const { return frozen_; }

  /// CLOCK_BOOTTIME, which goes on while the machine sleeps.
  static Duration read_mono();
  static Timestamp read_system();

 private:
  Duration mono_;
  Timestamp wall_;
  bool frozen_ = false;
};

}  // namespace ackwire::runtime
