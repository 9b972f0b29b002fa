#include "transport/plain_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ackwire::transport {
namespace {

constexpr int connect_wait_ms = 400;
constexpr int standard_streams = 3;  // descriptors below are standard input, output and error, whoever has closed them

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address address_of(const Endpoint& endpoint) {
  Address out;
  if (!endpoint.ipc_path.empty()) {
    auto& local = reinterpret_cast<sockaddr_un&>(out.storage);
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, endpoint.ipc_path.data(), endpoint.ipc_path.size());
    out.size = sizeof local;
    return out;
  }
  const std::size_t colon = endpoint.address.rfind(':');
  const auto port = htons(static_cast<std::uint16_t>(std::strtoul(endpoint.address.c_str() + colon + 1, nullptr, 10)));
  if (is_ipv6(endpoint.address)) {
    auto& inet = reinterpret_cast<sockaddr_in6&>(out.storage);
    inet.sin6_family = AF_INET6;
    inet.sin6_addr = in6addr_loopback;
    inet.sin6_port = port;
    out.size = sizeof inet;
    return out;
  }
  auto& inet = reinterpret_cast<sockaddr_in&>(out.storage);
  inet.sin_family = AF_INET;
  const std::string host = endpoint.address.substr(6, colon - 6);
  inet_pton(AF_INET, host.c_str(), &inet.sin_addr);
  inet.sin_port = port;
  out.size = sizeof inet;
  return out;
}

int open_socket(int family) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || fd >= standard_streams) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, standard_streams);
  close(fd);
  return moved;
}

}  // namespace

PlainSocket::PlainSocket(PlainSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

PlainSocket::~PlainSocket() {
  if (fd_ >= 0) close(fd_);
}

PlainSocket PlainSocket::connect(const Endpoint& endpoint, int& failure) {
  const Address address = address_of(endpoint);
  PlainSocket made(open_socket(address.storage.ss_family));
  failure = made.fd_ < 0 ? errno : 0;
  if (failure != 0) return made;
  // A full backlog would block for long; a loopback address connects or refuses soon.
  fcntl(made.fd_, F_SETFL, O_NONBLOCK);
  if (::connect(made.fd_, address.get(), address.size) == 0) return made;
  failure = errno;
  if (failure != EINPROGRESS) return made;
  pollfd waiting{made.fd_, POLLOUT, 0};
  socklen_t size = sizeof failure;
  if (poll(&waiting, 1, connect_wait_ms) != 1) {
    failure = ETIMEDOUT;
  } else if (getsockopt(made.fd_, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) {
    failure = errno;
  }
  return made;
}

PlainSocket PlainSocket::listen(const Endpoint& endpoint, int& failure) {
  const Address address = address_of(endpoint);
  PlainSocket made(open_socket(address.storage.ss_family));
  failure = made.fd_ < 0 ? errno : 0;
  if (failure != 0) return made;
  const int on = 1;  // as ZeroMQ does: connections that are ending are no listener
  setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(made.fd_, address.get(), address.size) != 0 || ::listen(made.fd_, 1) != 0) failure = errno;
  return made;
}

}  // namespace ackwire::transport
