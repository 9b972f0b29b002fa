#include "engine/admin/latency.hpp"

#include <algorithm>
#include <bit>

namespace ackwire::engine {

std::size_t Latency::bucket(std::uint64_t value) {
  if (value < 8) return value;
  const int exponent = std::bit_width(value) - 4;  // the top four bits choose the bucket
  return std::min<std::size_t>(8 * static_cast<std::size_t>(exponent) + (value >> exponent), 319);
}

double Latency::upper(std::size_t bucket) {
  if (bucket < 8) return static_cast<double>(bucket);
  const std::size_t exponent = bucket / 8 - 1;
  return static_cast<double>(((bucket % 8 + 8 + 1) << exponent) - 1);
}

void Latency::add(std::uint64_t milliseconds, std::uint64_t count) {
  buckets_[bucket(milliseconds)] += count;
  count_ += count;
}

double Latency::quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = q * static_cast<double>(count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > 0 && static_cast<double>(seen) >= wanted) return upper(i);
  }
  return upper(buckets_.size() - 1);
}

void Latency::merge(const Latency& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

void Latency::clear() {
  buckets_.fill(0);
  count_ = 0;
}

}  // namespace ackwire::engine
