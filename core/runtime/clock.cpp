#include "runtime/clock.hpp"

#include <time.h>

#include <algorithm>

namespace ackwire::runtime {
namespace {

std::int64_t read_ms(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000 + t.tv_nsec / 1'000'000;
}

}  // namespace

Duration Clock::read_mono() { return Duration{read_ms(CLOCK_BOOTTIME)}; }
Timestamp Clock::read_system() { return Timestamp{Duration{read_ms(CLOCK_REALTIME)}}; }

model::Now Clock::at(Duration mono, Timestamp system) {
  const Duration passed = std::max(mono - mono_, Duration{0});
  mono_ += passed;
  const Duration behind = system - (wall_ + passed);
  frozen_ = behind > jump || behind < -jump;
  Duration step = passed;
  if (!frozen_) step += std::clamp(behind, -(passed / 2), passed);
  wall_ += step;
  return {wall_, mono_};
}

}  // namespace ackwire::runtime
