// Where a broker may listen and a client may connect: this machine only, because nobody is authenticated yet.
#pragma once

#include <string>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::transport {

struct Endpoint {
  std::string address;   // for ZeroMQ: tcp:// with a numeric loopback address, or ipc://
  std::string ipc_path;  // empty for tcp
};

/// Loopback (127.0.0.0/8, [::1], localhost) with a port or "*", or "ipc:///path".
/// Errors: insecure_bind (any other address), invalid_argument (not an endpoint).
Result<Endpoint> endpoint_to_bind(std::string_view text);
/// The same without "*". Errors: invalid_argument.
Result<Endpoint> endpoint_to_connect(std::string_view text);

/// True for tcp over IPv6.
bool is_ipv6(std::string_view address);

/// Whether the endpoint could be bound now: a port is tried and let go again, a socket file as check_ipc_path() does. Errors: io.
Status check_free(const Endpoint& endpoint);

/// Makes way for a socket file: removes nothing that is alive or not a socket.
/// Errors: io (a live socket of another process, a file that is not a socket, no such directory).
Status check_ipc_path(const std::string& path);

}  // namespace ackwire::transport
