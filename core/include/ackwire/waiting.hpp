// Waiting: the one form in which calls of the library block. Until a deadline, and for as long as the thread wants to go on.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "ackwire/message.hpp"

namespace ackwire {

/// While it lives, every blocking call of this thread asks `keep_waiting` at least once in `every` whether to go on: for the
/// signals of a language that runs on top, or a program that is asked to end. False ends the wait as if its deadline had passed;
/// what was asked for goes on by itself and ends as it would have. It is called on the waiting thread, with no lock of the
/// library held: it may call the library. Scopes nest, the innermost counts. Must end on its own thread.
class WaitingScope {
 public:
  static constexpr Duration default_every{50};
  /// `at_once`: asked before the thread sleeps for the first time as well, so that what Consumer::interrupt() announces is not
  /// missed. `every` may be Duration::max(): then not again in one sleep.
  explicit WaitingScope(std::function<bool()> keep_waiting, Duration every = default_every, bool at_once = false);
  ~WaitingScope();
  WaitingScope(const WaitingScope&) = delete;
  WaitingScope& operator=(const WaitingScope&) = delete;

 private:
  friend class Wait;
  const std::function<bool()> keep_waiting_;
  const Duration every_;
  const bool at_once_;
  WaitingScope* const outer_;
};

/// How long one call may wait. Made on the thread that waits, where the call begins; takes in the thread's WaitingScope.
class Wait {
 public:
  using Clock = std::chrono::steady_clock;

  /// At most so long from now. Cut at a year, so that "for ever" does not overflow the clock.
  explicit Wait(Duration limit);

  Clock::time_point deadline() const { return deadline_; }
  /// Since the wait was made.
  Duration passed() const { return std::chrono::duration_cast<Duration>(Clock::now() - start_); }
  /// The same wait with an earlier end.
  Wait at_most(Duration limit) const {
    Wait shorter(*this);
    shorter.deadline_ = std::min(deadline_, Clock::now() + limit);
    return shorter;
  }

  /// Sleeps on `changed` until `done()`, which is asked with `lock` held. Returns what done() says in the end: false when the
  /// deadline passed or the thread no longer wants to wait.
  template <class Done>
  bool on(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, Done&& done) const {
    bool look_due = scope_ != nullptr && scope_->at_once_;
    while (!done()) {
      const Clock::time_point now = Clock::now();
      if (now >= deadline_) return false;
      if (look_due || now >= next_look_) {
        look_due = false;
        lock.unlock();
        const bool goes_on = look(now);
        lock.lock();
        if (!goes_on) return done();
        continue;
      }
      changed.wait_until(lock, std::min(deadline_, next_look_));
    }
    return true;
  }

 private:
  bool look(Clock::time_point now) const;

  const WaitingScope* scope_;
  Clock::time_point start_, deadline_;
  mutable Clock::time_point next_look_ = Clock::time_point::max();
};

}  // namespace ackwire
