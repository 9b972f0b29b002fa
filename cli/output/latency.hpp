// Latencies of a load, kept in bounded memory.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace ackwire::cli {

/// Counts by size: 64 steps to each doubling, so a percentile is right within 2 %. Not thread-safe.
class Latencies {
 public:
  void add(std::chrono::nanoseconds latency);
  void add(const Latencies& other);
  std::uint64_t count() const { return count_; }
  /// Milliseconds below which the share `p` (0 to 1) of all lies; 0 without any.
  double percentile(double p) const;

 private:
  static constexpr std::size_t steps = 64, doublings = 36;
  static std::size_t slot(std::uint64_t microseconds);
  static double upper(std::size_t slot);

  std::array<std::uint64_t, steps * doublings> slots_{};
  std::uint64_t count_ = 0;
};

}  // namespace ackwire::cli
