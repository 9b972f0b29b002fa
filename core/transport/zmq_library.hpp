// What every use of libzmq shares: the version it needs, and its limits.
#pragma once

#include <poll.h>

#include <chrono>
#include <span>
#include <string_view>
#include <zmq.hpp>

#include "ackwire/error.hpp"

namespace ackwire::transport {

inline constexpr int handshake_ms = 3'000;
/// Frames inside ZeroMQ, each way.
inline constexpr int send_frames = 128;
inline constexpr int receive_frames = 64;

/// Errors: internal (older than 4.3.4: known remote faults).
Status check_zmq_version();
/// Whether there are the descriptors and the address space that ZeroMQ needs to start: without them it aborts the process.
/// Errors: io.
Status check_zmq_room();

/// Whether the socket can be read or written now (ZMQ_POLLIN | ZMQ_POLLOUT).
int socket_events(zmq::socket_t& socket);
/// The descriptor that ZeroMQ signals the socket's thread with. It signals a change once: look at socket_events() before.
pollfd signal_of(zmq::socket_t& socket);
/// Waits for one of them (a negative descriptor is none), or the timeout.
void poll_all(std::span<pollfd> fds, std::chrono::milliseconds timeout);

Error zmq_failure(std::string_view what);

}  // namespace ackwire::transport
