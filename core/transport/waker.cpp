#include "transport/waker.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace ackwire::transport {

Waker::Waker() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Waker::~Waker() {
  if (fd_ >= 0) ::close(fd_);
}

void Waker::wake() {
  pending_.store(true);
  if (!asleep_.load() || !asleep_.exchange(false)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);  // fails only when it is readable already
}

bool Waker::may_sleep() {
  asleep_.store(true);
  if (!pending_.load()) return true;
  slept(!asleep_.exchange(false));
  return false;
}

void Waker::slept(bool readable) {
  asleep_.store(false);
  if (!readable) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
}

}  // namespace ackwire::transport
