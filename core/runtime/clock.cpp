#include "runtime/clock.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace ackwire::runtime {
namespace {

constexpr const char* machine_boot_file = "/proc/sys/kernel/random/boot_id";  // 36 characters, new at each start of the machine

std::int64_t read_ms(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000 + t.tv_nsec / 1'000'000;
}

/// All zeros when the system does not tell: then no two starts are the same.
engine::MachineBoot read_machine_boot() {
  engine::MachineBoot boot{};
  const int fd = ::open(machine_boot_file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return boot;
  if (::read(fd, boot.data(), boot.size()) != static_cast<ssize_t>(boot.size())) boot = {};
  ::close(fd);
  return boot;
}

Timestamp first_wall(const ClockReading& reading, const std::optional<engine::KeptTime>& kept, bool accept_system) {
  if (!kept) return reading.system;
  const bool same_start = kept->machine_boot == reading.machine_boot && reading.machine_boot != engine::MachineBoot{};
  if (!same_start || kept->mono > reading.mono) return std::max(reading.system, kept->wall);
  const Timestamp steady = kept->wall + (reading.mono - kept->mono);
  return accept_system ? std::max(steady, reading.system) : steady;
}

}  // namespace

Duration Clock::read_mono() { return Duration{read_ms(CLOCK_BOOTTIME)}; }
Timestamp Clock::read_system() { return Timestamp{Duration{read_ms(CLOCK_REALTIME)}}; }

ClockReading read_clocks() { return {Clock::read_mono(), Clock::read_system(), read_machine_boot()}; }

Clock::Clock(const ClockReading& reading, const std::optional<engine::KeptTime>& kept, bool accept_system)
    : mono_(reading.mono), wall_(first_wall(reading, kept, accept_system)), gap_(reading.system - wall_), stepped_(reading.mono) {}

model::Now Clock::at(Duration mono, Timestamp system) {
  const Duration passed = std::max(mono - mono_, Duration{0});
  mono_ += passed;
  const Duration gap = system - (wall_ + passed);
  const Duration change = gap - gap_;
  if (change > jump || change < -jump) stepped_ = mono_;
  const bool near = gap <= jump && gap >= -jump;
  const Duration correction = near || mono_ - stepped_ >= hold ? slew(passed, gap) : Duration{0};
  wall_ += passed + correction;
  gap_ = gap - correction;
  return {wall_, mono_};
}

// Turns may be a millisecond apart, of which a tenth is nothing: what was too little is used later.
Duration Clock::slew(Duration passed, Duration gap) {
  if (gap >= Duration{0}) {
    unspent_ = Duration{0};
    return std::min(gap, passed);
  }
  unspent_ += passed;
  const Duration most = unspent_ / slow_share;
  const Duration back = std::min(-gap, most);
  unspent_ -= most * slow_share;
  return -std::min(back, passed);
}

}  // namespace ackwire::runtime
