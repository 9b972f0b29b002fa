// All randomness of a simulation comes from one seed.
#pragma once

#include <cstdint>

namespace ackwire::simulator {

/// SplitMix64: small, and the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// 0 to bound - 1. Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// low to high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  /// True in `permille` of 1000 cases.
  bool chance(unsigned permille) { return below(1000) < permille; }

 private:
  std::uint64_t state_;
};

}  // namespace ackwire::simulator
