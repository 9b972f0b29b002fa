// Whether somebody who sent little waits for a commit that another peer fills.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/sessions.hpp"

namespace ackwire::runtime {

/// Of one turn. Costs a few instructions a frame. Not thread-safe.
class Hurry {
 public:
  void begin() { ++turn_, most_ = least_ = 0, who_.reset(); }
  /// Each frame of a session, before it is handled.
  void heard(Session& session, std::size_t bytes) {
    if (session.turn != turn_) session.turn = turn_, session.turn_bytes = 0;
    session.turn_bytes += bytes;
    most_ = std::max(most_, session.turn_bytes);
    if (who_ == session.id) least_ = session.turn_bytes;
  }
  /// The session cannot go on before the commit.
  void awaits(const Session& session) {
    if (who_ && session.turn_bytes >= least_) return;
    who_ = session.id, least_ = session.turn_bytes;
  }
  bool now() const { return who_ && most_ >= much_bytes && least_ * little <= most_; }

 private:
  static constexpr std::size_t much_bytes = 64 * 1024;
  static constexpr std::size_t little = 8;  // of the one: at most an eighth of what the other sent

  std::uint64_t turn_ = 0;
  std::size_t most_ = 0, least_ = 0;  // bytes of one session in this turn; the least of those that wait
  std::optional<model::SessionId> who_;
};

}  // namespace ackwire::runtime
