// Broker time: monotonic for leases, and a wall clock that never goes back and never jumps.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/kept_time.hpp"
#include "model/command.hpp"

namespace ackwire::runtime {

/// Both clocks of the machine, and which start of the machine they belong to.
struct ClockReading {
  Duration mono{};     // CLOCK_BOOTTIME: goes on while the machine sleeps, begins anew when it starts
  Timestamp system{};  // CLOCK_REALTIME: whatever somebody set it to
  engine::MachineBoot machine_boot{};
};
ClockReading read_clocks();

/// The wall part begins where the store's broker time stood: on the same start of the machine, as much later as the steady clock
/// says; after another start of the machine, at the system's time unless that is behind. From then on it goes at the pace of the
/// steady clock, and comes to agree with the system's clock by going up to twice as fast, or up to a tenth slower. A system clock
/// that was set by more than `jump` is followed only after `hold`, so that a mistake that is mended soon does nothing at all. Not
/// thread-safe.
class Clock {
 public:
  static constexpr Duration jump{300'000};
  static constexpr Duration hold{600'000};
  static constexpr int slow_share = 10;  // of the steady clock's pace, when broker time is ahead

  /// `accept_system`: somebody says that the system's clock is right: begin there, unless that would go back.
  Clock(const ClockReading& reading, const std::optional<engine::KeptTime>& kept, bool accept_system);
  model::Now at(Duration mono, Timestamp system);
  /// The system's clock less broker time: 0 when they agree.
  Duration offset() const { return gap_; }

  /// CLOCK_BOOTTIME, which goes on while the machine sleeps.
  static Duration read_mono();
  static Timestamp read_system();

 private:
  Duration slew(Duration passed, Duration gap);

  Duration mono_{};
  Timestamp wall_{};
  Duration gap_{};      // left after the last reading
  Duration stepped_{};  // when the system's clock was last set by more than `jump`
  Duration unspent_{};  // steady time that was not yet used to go slower
};

}  // namespace ackwire::runtime
