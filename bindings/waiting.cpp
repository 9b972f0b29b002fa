#include "waiting.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <thread>

namespace ackwire::python {
namespace {

/// Threads for calls that the main thread waits for. One is kept for as long as calls keep coming; all end when idle.
class Couriers {
 public:
  void send(std::function<void()> call) {
    std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    if (idle_ >= calls_.size()) {
      changed_.notify_one();
    } else {
      std::thread([this] { run(); }).detach();
    }
  }

 private:
  static constexpr std::chrono::seconds idle_limit{5};

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      const bool found = changed_.wait_for(lock, idle_limit, [this] { return !calls_.empty(); });
      --idle_;
      if (!found) return;
      auto call = std::move(calls_.front());
      calls_.pop_front();
      lock.unlock();
      call();
      call = nullptr;  // what it owns goes before the lock is taken again
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> calls_;
  std::size_t idle_ = 0;
};

struct Away {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t threads = 0;
};

// Never destroyed: detached threads may outlive the statics. Replaced in the child of a fork, whose copies may be locked.
Couriers* couriers = new Couriers;
Away* away = new Away;
std::atomic<unsigned> generation{0};
std::atomic<bool> stop{false};

void waiting_in_child() {
  generation.fetch_add(1);
  stop.store(false);  // its parent was asked to end
  couriers = new Couriers;
  away = new Away;
}

}  // namespace

unsigned fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

void stop_handing_out() noexcept { stop.store(true); }

bool stopping() noexcept { return stop.load(std::memory_order_relaxed); }

bool on_main_thread() noexcept { return ::gettid() == ::getpid(); }

void run_apart(std::function<void()> call) { couriers->send(std::move(call)); }

bool SignalWatch::keep_waiting() {
  const auto now = Wait::Clock::now();
  if (raised_) return false;
  if (now < next_) return true;
  next_ = now + WaitingScope::default_every;
  const PyGILState_STATE state = PyGILState_Ensure();
  if (PyErr_CheckSignals() != 0) raised_.emplace();
  PyGILState_Release(state);
  return !raised_;
}

void watch_forks() { ::pthread_atfork(nullptr, nullptr, waiting_in_child); }

void thread_left() noexcept {
  std::lock_guard lock(away->mutex);
  ++away->threads;
}

void thread_returned() noexcept {
  std::lock_guard lock(away->mutex);
  if (away->threads > 0) --away->threads;
  away->changed.notify_all();
}

void wait_for_threads(std::chrono::milliseconds limit) {
  std::unique_lock lock(away->mutex);
  away->changed.wait_for(lock, limit, [] { return away->threads == 0; });
}

}  // namespace ackwire::python
