// Descriptors of sockets: owned, closed on exec, non-blocking, and never 0, 1 or 2.
#pragma once

#include <sys/types.h>

#include <string>

#include "ackwire/error.hpp"
#include "transport/endpoint.hpp"

namespace ackwire::transport {

/// Closes what it owns.
class Descriptor {
 public:
  Descriptor() = default;
  /// Takes `fd`; one of 0, 1 and 2 is exchanged for a higher one, because a host prints to those.
  explicit Descriptor(int fd);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

/// A socket that listens.
struct Listener {
  Descriptor socket;
  std::string address;  // as bound
  std::string ipc_path;
  ino_t ipc_file = 0;
};

/// Errors: io.
Result<Listener> listen_on(const Endpoint& endpoint, int backlog, std::uint32_t socket_mode);
/// Removes the file of an ipc socket, if it is still this listener's.
void remove_ipc_file(const Listener& listener);

enum class Accepted : std::uint8_t { one, none, no_descriptor };
/// Takes the next connection that waits. no_descriptor: fewer than `spare` are left, which stay for files of the store.
Accepted accept_one(const Listener& listener, int spare, Descriptor& out);

}  // namespace ackwire::transport
