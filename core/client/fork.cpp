#include "client/fork.hpp"

#include <pthread.h>

#include <atomic>

namespace ackwire::client {
namespace {

std::atomic<std::uint64_t> generation{1};

void in_child() noexcept { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t fork_generation() noexcept {
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, in_child);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace ackwire::client
