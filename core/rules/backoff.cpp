#include "rules/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace ackwire::rules {

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

Duration retry_delay(const Backoff& backoff, std::uint32_t attempt, Random& random) {
  const double grown =
      static_cast<double>(backoff.initial.count()) * std::pow(backoff.multiplier, static_cast<double>(attempt) - 1.0);
  const double capped = std::min(grown, static_cast<double>(backoff.max.count()));  // also catches an overflow to infinity
  return Duration{static_cast<std::int64_t>(capped * (1.0 - backoff.jitter * random.unit()))};
}

}  // namespace ackwire::rules
