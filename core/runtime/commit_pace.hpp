// How much may go into one commit, so that a peer with a small frame does not wait for what another one floods the broker with.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "runtime/turn.hpp"

namespace ackwire::runtime {

/// Bounds the bytes of a turn by the time that turns take: none is to take much longer than one with little in it, or than
/// `turn_time`. Only while several peers send: one alone waits for nobody but itself. Not thread-safe.
class CommitPace {
 public:
  static constexpr std::chrono::microseconds turn_time{2'000};
  static constexpr std::size_t least_bytes = 128 * 1024;

  /// For the next turn.
  std::size_t bytes() const { return bytes_; }
  void take(const std::vector<Received>& frames);
  /// The turn that took them took this long, its commit included.
  void committed(std::chrono::microseconds taken, std::chrono::steady_clock::time_point now);

 private:
  static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

  std::size_t bytes_ = unbounded;
  std::size_t taken_bytes_ = 0;  // in this turn
  std::optional<Peer> latest_;   // whose frame came last
  bool several_ = false;         // another one's came in this turn
  std::chrono::steady_clock::time_point shared_until_{};
  std::chrono::microseconds small_{0};  // what a turn with little in it takes, smoothed
};

}  // namespace ackwire::runtime
