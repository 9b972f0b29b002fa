// Wakes one thread that polls. No wake-up is lost, and none costs a system call while the thread is awake.
#pragma once

#include <atomic>

namespace ackwire::transport {

class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  /// False when the system gave no descriptor.
  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  /// From any thread. What was written before it is seen by the thread after its next begin_work().
  void wake();

  // By the thread that polls:
  /// Before it looks for work.
  void begin_work() { pending_.exchange(false); }
  /// Before it polls. False: there was a wake() since begin_work(), so do not poll.
  bool may_sleep();
  /// After it polled.
  void slept(bool readable);

 private:
  const int fd_;
  std::atomic<bool> pending_{false};
  std::atomic<bool> asleep_{false};
};

}  // namespace ackwire::transport
