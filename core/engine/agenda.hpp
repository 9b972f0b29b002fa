// When queues must be looked at although no command names them. A turn costs what it touches: a queue at rest is not in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/command.hpp"

namespace ackwire::engine {

/// Waiting times of one queue: for monotonic time (leases, pauses) and for broker time (what is stored). Whichever comes first.
struct Wake {
  static constexpr Duration never = Duration::max();
  static constexpr std::uint64_t never_ms = ~std::uint64_t{0};
  Duration mono = never;
  std::uint64_t wall_ms = never_ms;
  void at(Duration time) { mono = std::min(mono, time); }
  void at_wall(std::uint64_t ms) { wall_ms = std::min(wall_ms, ms); }
  friend bool operator==(const Wake&, const Wake&) = default;
};

/// Costs a step in a search tree for each queue that changes; allocates only for a queue that it did not have.
class Agenda {
 public:
  /// Replaces what was set for the queue before.
  void set(std::uint32_t queue, const Wake& wake);
  void erase(std::uint32_t queue);
  /// Appends the queues whose time has come; they stay until set() or erase().
  void due(const model::Now& now, std::vector<std::uint32_t>& queues) const;
  /// The first of all times.
  Wake next() const;
  const Wake* find(std::uint32_t queue) const;
  std::size_t size() const { return wakes_.size(); }

 private:
  template <class Time>
  using Order = std::set<std::pair<Time, std::uint32_t>>;
  Order<Duration> mono_;
  Order<std::uint64_t> wall_;
  std::unordered_map<std::uint32_t, Wake> wakes_;
};

}  // namespace ackwire::engine
