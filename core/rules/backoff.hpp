// When a failed message is tried again.
#pragma once

#include <cstdint>

#include "ackwire/queue.hpp"

namespace ackwire::rules {

/// A small seeded generator (SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), so that
/// every random decision of the engine can be repeated from its seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// In [0, 1).
  double unit();

 private:
  std::uint64_t state_;
};

/// The delay before the retry that follows failed attempt number `attempt` (1 = the first). Formula: see Backoff in queue.hpp.
Duration retry_delay(const Backoff& backoff, std::uint32_t attempt, Random& random);

}  // namespace ackwire::rules
