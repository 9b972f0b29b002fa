// SIGINT and SIGTERM as a polite request: the first asks, the second ends the process at once.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

namespace ackwire::cli {

/// Takes SIGINT and SIGTERM for its lifetime. Make it before any other thread is started: they inherit the blocked mask.
/// One at a time in a process.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// `act` is called once, from the watching thread, when the first signal comes; from here when it came already. Replaces
  /// the one before. A second signal, 200 ms later or more, ends the process with status 128 + signal and no further work (safe:
  /// nothing is confirmed before it is stored). Pass nullptr before what `act` refers to goes away.
  void on_first(std::function<void()> act);
  /// `act` is called before a second signal ends the process. Set it before the first signal may come.
  void on_second(std::function<void()> act) { on_second_ = std::move(act); }
  /// The first signal, or 0.
  int caught() const { return caught_.load(std::memory_order_acquire); }

 private:
  void watch();

  std::mutex mutex_;  ///< protects act_
  std::function<void()> act_;
  std::function<void()> on_second_;
  std::atomic<int> caught_{0};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace ackwire::cli
