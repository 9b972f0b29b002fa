// What every use of libzmq shares: the version it needs, and sockets whose numbers cannot be guessed.
#pragma once

#include <poll.h>

#include <chrono>
#include <span>
#include <string_view>
#include <zmq.hpp>

#include "ackwire/error.hpp"

namespace ackwire::transport {

inline constexpr int handshake_ms = 3'000;
inline constexpr int heartbeat_ms = 5'000;
inline constexpr int heartbeat_timeout_ms = 15'000;
/// Frames of one peer inside ZeroMQ, each way. What is beyond waits in an outbox that is bounded by bytes.
inline constexpr int send_frames = 128;
inline constexpr int receive_frames = 64;

/// Errors: internal (older than 4.3.4: known remote faults).
Status check_zmq_version();

/// ZeroMQ numbers peers without a routing id from a counter that starts at rand(); a peer that guesses it can abort the
/// process. While one of these lives, rand() is seeded from the system; then the host's own generator goes on undisturbed.
class UnguessableNumbers {
 public:
  UnguessableNumbers();
  ~UnguessableNumbers();
  UnguessableNumbers(const UnguessableNumbers&) = delete;
  UnguessableNumbers& operator=(const UnguessableNumbers&) = delete;
  /// Errors: internal (the system gives no random numbers).
  Status seed();

 private:
  char state_[256];
  char* host_state_ = nullptr;
};

/// Whether the socket can be read or written now (ZMQ_POLLIN | ZMQ_POLLOUT).
int socket_events(zmq::socket_t& socket);
/// The descriptor that ZeroMQ signals the socket's thread with. It signals a change once: look at socket_events() before.
pollfd signal_of(zmq::socket_t& socket);
/// Waits for one of them (a negative descriptor is none), or the timeout.
void poll_all(std::span<pollfd> fds, std::chrono::milliseconds timeout);

Error zmq_failure(std::string_view what);

}  // namespace ackwire::transport
