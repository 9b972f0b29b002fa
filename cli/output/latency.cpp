#include "output/latency.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ackwire::cli {

std::size_t Latencies::slot(std::uint64_t microseconds) {
  if (microseconds < steps) return static_cast<std::size_t>(microseconds);
  const auto doubling = static_cast<std::size_t>(std::bit_width(microseconds)) - static_cast<std::size_t>(std::bit_width(steps));
  const auto step = static_cast<std::size_t>(microseconds >> doubling) - steps;  // 0 to 63 within its doubling
  return std::min(steps * (doubling + 1) + step, steps * doublings - 1);
}

double Latencies::upper(std::size_t slot) {
  if (slot < steps) return static_cast<double>(slot);
  return std::ldexp(static_cast<double>(steps + slot % steps + 1), static_cast<int>(slot / steps) - 1) - 1;
}

void Latencies::add(std::chrono::nanoseconds latency) {
  ++slots_[slot(static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count() / 1000)))];
  ++count_;
}

void Latencies::add(const Latencies& other) {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i] += other.slots_[i];
  count_ += other.count_;
}

double Latencies::percentile(double p) const {
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(p * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    seen += slots_[i];
    if (seen >= rank) return upper(i) / 1000;
  }
  return upper(slots_.size() - 1) / 1000;
}

}  // namespace ackwire::cli
