// Why a broker cannot be reached, found out with a plain connection where ZeroMQ could not make one of its own.
#pragma once

#include <string>

#include "transport/endpoint.hpp"

namespace ackwire::transport {

/// A phrase that names the endpoint: nobody listens, no permission, an HTTP server, a foreign ZeroMQ socket, silence. Waits a
/// bounded time for words of the peer, and no longer once `stop_fd` is readable.
std::string diagnose(const Endpoint& endpoint, int stop_fd);
/// The same of a ZeroMQ socket that took the connection and says nothing on it. Empty when its kind is that of a broker (ROUTER),
/// or when it does not say.
std::string foreign_kind(const Endpoint& endpoint, int stop_fd);

}  // namespace ackwire::transport
