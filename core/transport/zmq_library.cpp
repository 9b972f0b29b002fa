#include "transport/zmq_library.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace ackwire::transport {

Status check_zmq_version() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  if (std::tuple(major, minor, patch) >= std::tuple(4, 3, 4)) return {};
  return Error{Errc::internal, "libzmq " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch) +
                                   " has known remote faults; nothing was opened. Install 4.3.4 or newer."};
}

Status check_zmq_room() {
  constexpr std::size_t descriptors = 16, address_space = 96u << 20;  // two stacks, two heaps of malloc, and some
  std::vector<int> probes;
  bool room = true;
  while (room && probes.size() < descriptors) {
    probes.push_back(probes.empty() ? eventfd(0, EFD_CLOEXEC) : fcntl(probes.front(), F_DUPFD_CLOEXEC, 0));
    room = probes.back() >= 0;
  }
  for (const int fd : probes) {
    if (fd >= 0) close(fd);
  }
  if (!room) {
    return Error{Errc::io, "A connection needs " + std::to_string(descriptors) +
                               " descriptors, and the system gives no more. Nothing was sent. Raise the limit of open files "
                               "(ulimit -n)."};
  }
  void* const probe = mmap(nullptr, address_space, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) {
    return Error{Errc::io, "A connection needs " + std::to_string(address_space >> 20) +
                               " MiB of address space, and the system gives no more. Nothing was sent. Raise the limit (ulimit "
                               "-v)."};
  }
  munmap(probe, address_space);
  return {};
}

int socket_events(zmq::socket_t& socket) {
  int events = 0;
  std::size_t size = sizeof events;
  return zmq_getsockopt(socket.handle(), ZMQ_EVENTS, &events, &size) == 0 ? events : 0;
}

pollfd signal_of(zmq::socket_t& socket) {
  pollfd signal{-1, POLLIN, 0};
  std::size_t size = sizeof signal.fd;
  zmq_getsockopt(socket.handle(), ZMQ_FD, &signal.fd, &size);
  return signal;
}

void poll_all(std::span<pollfd> fds, std::chrono::milliseconds timeout) {
  constexpr std::int64_t longest = 60'000;
  poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(timeout.count(), 0, longest)));
}

Error zmq_failure(std::string_view what) { return Error{Errc::io, std::string(what) + ": " + zmq_strerror(zmq_errno()) + "."}; }

}  // namespace ackwire::transport
