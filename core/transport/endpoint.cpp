#include "transport/endpoint.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "transport/plain_socket.hpp"

namespace ackwire::transport {
namespace {

constexpr std::string_view tcp = "tcp://";
constexpr std::string_view ipc = "ipc://";

Error invalid(std::string_view text, std::string_view why) {
  return Error{Errc::invalid_argument, "'" + std::string(text) + "' is not an endpoint: " + std::string(why) +
                                           " Use for example tcp://127.0.0.1:7733 or ipc:///run/ackwire.sock."};
}

/// The numeric form of a loopback host, or nothing.
std::string loopback(std::string_view host) {
  if (host == "localhost") return "127.0.0.1";
  if (host == "[::1]") return "[::1]";
  in_addr address{};
  const std::string text(host);
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return {};
  return (ntohl(address.s_addr) >> 24) == 127 ? text : std::string();
}

bool is_port(std::string_view text, std::uint32_t lowest) {
  std::uint32_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc() && end == text.data() + text.size() && port >= lowest && port <= 65'535;
}

Result<Endpoint> ipc_endpoint(std::string_view text) {
  const std::string path(text.substr(ipc.size()));
  if (path.empty() || path == "*") return invalid(text, "it has no path.");
  if (path.front() == '@') return invalid(text, "an abstract socket has no permissions, so anybody could connect.");
  if (path.find('\0') != std::string::npos) return invalid(text.substr(0, text.find('\0')), "the path holds a NUL byte.");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return invalid(text, "the path is longer than " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes.");
  }
  return Endpoint{std::string(text), path};
}

}  // namespace

Result<Endpoint> endpoint_to_bind(std::string_view text) {
  if (text.starts_with(ipc)) return ipc_endpoint(text);
  if (!text.starts_with(tcp)) return invalid(text, "it starts with neither tcp:// nor ipc://.");
  const std::size_t colon = text.rfind(':');
  if (colon < tcp.size()) return invalid(text, "it has no port.");
  const std::string_view host = text.substr(tcp.size(), colon - tcp.size());
  const std::string_view port = text.substr(colon + 1);
  if (port != "*" && !is_port(port, 0)) return invalid(text, "the port must be 0 to 65535, or * for any free one.");
  const std::string numeric = loopback(host);
  if (numeric.empty()) {
    return Error{Errc::insecure_bind,
                 "Refused to listen on '" + std::string(text) +
                     "': peers are not authenticated yet, so only this machine may connect. Nothing was opened. Use "
                     "tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc:///PATH, and an SSH tunnel for other machines."};
  }
  return Endpoint{std::string(tcp) + numeric + ":" + (port == "0" ? "*" : std::string(port)), {}};
}

Result<Endpoint> endpoint_to_connect(std::string_view text) {
  if (text.starts_with(ipc)) return ipc_endpoint(text);
  auto endpoint = endpoint_to_bind(text);
  if (!endpoint && endpoint.error().code == Errc::insecure_bind) {
    return invalid(text, "it is not on this machine, and connections are neither authenticated nor encrypted yet.");
  }
  if (endpoint && !is_port(text.substr(text.rfind(':') + 1), 1)) return invalid(text, "the port must be 1 to 65535.");
  return endpoint;
}

Status check_free(const Endpoint& endpoint) {
  if (!endpoint.ipc_path.empty()) return check_ipc_path(endpoint.ipc_path);
  if (endpoint.address.ends_with(":*")) return {};
  int failure = 0;
  const PlainSocket tried = PlainSocket::listen(endpoint, failure);
  if (failure == 0) return {};
  return Error{Errc::io, "Cannot listen on '" + endpoint.address + "': " + std::strerror(failure) +
                             ". Nothing was opened; use another port or path, or stop the process that has it."};
}

bool is_ipv6(std::string_view address) { return address.starts_with("tcp://["); }

Status check_ipc_path(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      const std::size_t slash = path.rfind('/');
      const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
      if (access(directory.c_str(), W_OK | X_OK) == 0) return {};
    }
    return Error{Errc::io,
                 "Cannot make the socket '" + path + "': " + std::strerror(errno) + ". Nothing was opened; check the path."};
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Error{Errc::io, "'" + path + "' exists and is not a socket. It was left alone; use another path."};
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{Errc::io, std::string("Cannot make a socket: ") + std::strerror(errno) + "."};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool alive = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  if (!alive) return {};  // left behind by a process that died; ZeroMQ replaces it
  return Error{Errc::io, "Another process listens on '" + path + "'. It was left alone; use another path, or connect to it."};
}

}  // namespace ackwire::transport
