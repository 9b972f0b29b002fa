#include "transport/zmq_library.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace ackwire::transport {

Status check_zmq_version() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  if (std::tuple(major, minor, patch) >= std::tuple(4, 3, 4)) return {};
  return Error{Errc::internal, "libzmq " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch) +
                                   " has known remote faults; nothing was opened. Install 4.3.4 or newer."};
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
