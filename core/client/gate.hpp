// The one lock of a connection, shared with whatever may outlive it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "ackwire/message.hpp"
#include "client/fork.hpp"
#include "client/reach.hpp"

namespace ackwire::client {

using Clock = std::chrono::steady_clock;

struct Gate {
  explicit Gate(std::string endpoint = {}) : reach(std::move(endpoint)) {}
  const std::uint64_t generation = fork_generation();
  std::mutex mutex;
  std::condition_variable published;  // publishes were answered, or there is room for more
  Reach reach;

  /// True in a child process: the mutex may be locked for ever, do not touch it.
  bool forked() const noexcept { return generation != fork_generation(); }
};

/// True on a thread that is inside a callback of the library: waiting there would be waiting for itself.
bool inside_callback() noexcept;

/// Marks the thread while a callback of the application runs on it.
class CallbackScope {
 public:
  CallbackScope() noexcept;
  ~CallbackScope();
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;
};

}  // namespace ackwire::client
