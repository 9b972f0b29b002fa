#include "transport/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace ackwire::transport {
namespace {

constexpr int first_descriptor = 3;

Error bind_failed(const std::string& address, int error) {
  return Error{Errc::io, "Cannot listen on '" + address + "': " + std::strerror(error) +
                             ". Nothing was changed; use another port or path, or stop the process that has it."};
}

/// An address of a family, as bind() and getsockname() want it.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// Requires an address that endpoint_to_bind() made: tcp://, a numeric loopback host, a port or "*".
Address tcp_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string host(text.substr(6, colon - 6));
  std::uint16_t port = 0;  // any, for "*"
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  Address address;
  if (host.starts_with('[')) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &in6->sin6_addr);
    address.size = sizeof *in6;
  } else {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    inet_pton(AF_INET, host.c_str(), &in->sin_addr);
    address.size = sizeof *in;
  }
  return address;
}

Address ipc_address(const std::string& path) {
  Address address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), path.size());
  address.size = sizeof *un;
  return address;
}

std::string with_port(const std::string& text, int fd) {
  Address bound;
  bound.size = sizeof bound.storage;
  if (getsockname(fd, bound.get(), &bound.size) != 0) return text;
  const auto port = bound.storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port
                                                        : reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port;
  return text.substr(0, text.rfind(':') + 1) + std::to_string(ntohs(port));
}

}  // namespace

Descriptor::Descriptor(int fd) : fd_(fd) {
  if (fd < 0 || fd >= first_descriptor) return;
  fd_ = fcntl(fd, F_DUPFD_CLOEXEC, first_descriptor);
  ::close(fd);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

Descriptor::~Descriptor() { close(); }

void Descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Listener> listen_on(const Endpoint& endpoint, int backlog, std::uint32_t socket_mode) {
  Listener listener;
  listener.address = endpoint.address;
  listener.ipc_path = endpoint.ipc_path;
  const bool is_ipc = !endpoint.ipc_path.empty();
  if (is_ipc) {
    if (Status status = check_ipc_path(endpoint.ipc_path); !status) return status.error();
  }
  Address address = is_ipc ? ipc_address(endpoint.ipc_path) : tcp_address(endpoint.address);
  listener.socket = Descriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket.open()) return bind_failed(endpoint.address, errno);
  const int fd = listener.socket.get(), on = 1;
  if (!is_ipc) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_ipv6(endpoint.address)) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (is_ipc) unlink(endpoint.ipc_path.c_str());  // left behind by a process that died: check_ipc_path() saw that nobody listens
  const mode_t mask = is_ipc ? umask(0177) : 0;   // the socket file is never open to others, not even for a moment
  const bool bound = ::bind(fd, address.get(), address.size) == 0 && ::listen(fd, backlog) == 0;
  const int error = errno;
  if (is_ipc) umask(mask);
  if (!bound) return bind_failed(endpoint.address, error);
  if (is_ipc) chmod(endpoint.ipc_path.c_str(), socket_mode);
  struct stat status {};
  if (is_ipc && lstat(endpoint.ipc_path.c_str(), &status) == 0) listener.ipc_file = status.st_ino;
  if (!is_ipc) listener.address = with_port(endpoint.address, fd);
  return listener;
}

void remove_ipc_file(const Listener& listener) {
  struct stat status {};
  if (listener.ipc_file != 0 && lstat(listener.ipc_path.c_str(), &status) == 0 && status.st_ino == listener.ipc_file) {
    unlink(listener.ipc_path.c_str());
  }
}

Accepted accept_one(const Listener& listener, int spare, Descriptor& out) {
  rlimit limit{};
  const int next = fcntl(listener.socket.get(), F_DUPFD_CLOEXEC, first_descriptor);  // the lowest that is free
  if (next < 0) return Accepted::no_descriptor;
  ::close(next);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      static_cast<rlim_t>(next) + static_cast<rlim_t>(spare) >= limit.rlim_cur) {
    return Accepted::no_descriptor;
  }
  Descriptor taken(accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!taken.open()) {
    const bool scarce = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return scarce ? Accepted::no_descriptor : Accepted::none;
  }
  const int on = 1;
  if (listener.ipc_path.empty()) setsockopt(taken.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  out = std::move(taken);
  return Accepted::one;
}

}  // namespace ackwire::transport
