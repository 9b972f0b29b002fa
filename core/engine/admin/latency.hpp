// A histogram of durations with a relative error of at most 12.5 % and fixed memory: eight buckets to a power of two.
#pragma once

#include <array>
#include <cstdint>

namespace ackwire::engine {

class Latency {
 public:
  void add(std::uint64_t milliseconds, std::uint64_t count = 1);
  /// The upper bound of the bucket in which share `q` (0 to 1) of the values is reached; 0 when empty.
  double quantile(double q) const;
  std::uint64_t count() const { return count_; }
  void merge(const Latency& other);
  void clear();

 private:
  static std::size_t bucket(std::uint64_t value);
  static double upper(std::size_t bucket);
  std::array<std::uint64_t, 320> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace ackwire::engine
