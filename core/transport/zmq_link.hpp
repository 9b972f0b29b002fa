// A client's link over a ZeroMQ DEALER, in a thread of its own.
#pragma once

#include <memory>
#include <string_view>

#include "ackwire/error.hpp"
#include "client/link.hpp"

namespace ackwire::transport {

/// The link makes one connection after the other. For each: connected() when the peer has shaken hands, then next_frame() and
/// received(), then disconnected() when the connection is lost, when it could not be made, or when the user wants another one.
/// After disconnected() it waits for user.backoff(), then tries again. disconnected() is also called for an attempt that never
/// became a connection. tick() is called all the time, from start() on.
/// Errors: invalid_argument (endpoint), internal (libzmq older than 4.3.4).
Result<std::unique_ptr<client::Link>> make_zmq_link(std::string_view endpoint);

}  // namespace ackwire::transport
