// A stream socket of the system, for questions about an endpoint that ZeroMQ does not answer.
#pragma once

#include "transport/endpoint.hpp"

namespace ackwire::transport {

/// Owns a descriptor, or none.
class PlainSocket {
 public:
  PlainSocket(PlainSocket&& other) noexcept;
  PlainSocket& operator=(PlainSocket&&) = delete;
  ~PlainSocket();

  /// Connects, waiting less than half a second: the endpoint is on this machine. `failure` is the errno, or 0.
  static PlainSocket connect(const Endpoint& endpoint, int& failure);
  /// Binds and listens on a tcp endpoint. `failure` as above.
  static PlainSocket listen(const Endpoint& endpoint, int& failure);
  int fd() const { return fd_; }

 private:
  explicit PlainSocket(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace ackwire::transport
