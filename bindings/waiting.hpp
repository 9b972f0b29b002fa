// Waiting for the library without holding the interpreter: the GIL, signals, forks and the end of the interpreter.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "ackwire/waiting.hpp"

namespace ackwire::python {

namespace py = pybind11;

/// Rises in the child of every fork: a handle made under another number may not be touched.
unsigned fork_generation() noexcept;
/// Python runs signal handlers on the main thread only, so only that one has to look.
bool on_main_thread() noexcept;
/// Runs `call` on a thread that never sees Python.
void run_apart(std::function<void()> call);
/// Installs the fork hook. Once, at import.
void watch_forks();
/// The program is on its way out: from now on no consumer of this process hands out anything.
void stop_handing_out() noexcept;
bool stopping() noexcept;

/// Threads that are inside the library right now. At exit they are waited for, because a thread that asks for the GIL
/// of a finalized interpreter is ended by force.
void thread_left() noexcept;
void thread_returned() noexcept;
/// Without the GIL: waits until every thread has come back, at most `limit`.
void wait_for_threads(std::chrono::milliseconds limit);

/// Runs `call` with the GIL released. No guard object: its destructor would be noexcept, and the interpreter may end this
/// thread while it asks for the GIL again.
template <class F>
auto unlocked(F&& call) {
  using R = std::invoke_result_t<F>;
  std::optional<R> result;
  std::exception_ptr failure;
  thread_left();
  PyThreadState* state = PyEval_SaveThread();
  try {
    result.emplace(call());
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  PyEval_RestoreThread(state);
  thread_returned();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

/// What a wait of the library asks on behalf of Python, through a WaitingScope: has a signal handler raised? Only the main thread
/// has to ask. Made and raised from with the GIL, asked without.
class SignalWatch {
 public:
  /// False: a handler raised.
  bool keep_waiting();
  /// Raises KeyboardInterrupt, or whatever a signal handler raised.
  void raise_if_asked() const {
    if (raised_) throw *raised_;
  }
  bool raised() const { return raised_.has_value(); }

 private:
  Wait::Clock::time_point next_ = Wait::Clock::now() + WaitingScope::default_every;
  std::optional<py::error_already_set> raised_;
};

/// A call of the library that waits, without the GIL. When a signal handler raises meanwhile the wait ends, what was asked for goes
/// on by itself, and its result is dropped.
template <class F>
auto interruptible(F&& call) {
  if (!on_main_thread()) return unlocked(std::forward<F>(call));
  SignalWatch signals;
  auto result = unlocked([&] {
    const WaitingScope scope([&] { return signals.keep_waiting(); });
    return call();
  });
  signals.raise_if_asked();
  return result;
}

/// A call that does more than wait: it opens or closes what has threads and files. On the main thread it runs apart, and goes on
/// alone when a signal handler raises. So `call` owns all it uses, and no Python object.
template <class F>
auto apart(F call) {
  using R = std::invoke_result_t<F>;
  if (!on_main_thread()) return unlocked(std::move(call));
  struct Task {
    explicit Task(F&& body) : call(std::move(body)) {}
    F call;
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<R> result;
    std::exception_ptr failure;
    bool done = false;
  };
  auto task = std::make_shared<Task>(std::move(call));
  run_apart([task] {
    std::optional<R> result;
    std::exception_ptr failure;
    try {
      result.emplace(task->call());
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    std::lock_guard lock(task->mutex);
    task->result = std::move(result);
    task->failure = failure;
    task->done = true;
    task->changed.notify_all();
  });
  for (bool done = false; !done;) {
    done = interruptible([&] {
      std::unique_lock lock(task->mutex);
      return Wait{Duration::max()}.on(task->changed, lock, [&] { return task->done; });
    });
  }
  if (task->failure) std::rethrow_exception(task->failure);
  return std::move(*task->result);
}

}  // namespace ackwire::python
