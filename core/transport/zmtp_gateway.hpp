// The gateway: the sockets of the broker, to which any ZeroMQ DEALER connects. The only door for other processes; loopback and ipc
// only. Why it is not ZeroMQ's own ROUTER: docs/decisions/0009-own-sockets.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ackwire/error.hpp"
#include "runtime/gateway.hpp"

namespace ackwire::transport {

struct ZmtpGatewayOptions {
  /// What a slow peer has not taken yet is kept up to this; over it the peer is gone.
  std::size_t outbox_bytes = 64u << 20;
  /// Permissions of socket files.
  std::uint32_t socket_mode = 0600;
  /// And that of all peers together: over it the one with the most is gone.
  std::size_t outboxes_bytes = 256u << 20;
  /// A peer that waits for more than this is slow: see Gateway::slow().
  std::size_t slow_bytes = 1u << 20;
  /// From a peer that waits for more than this nothing is taken until it has read.
  std::size_t deaf_bytes = 16u << 20;
  /// Parts of large frames that are not whole, of all peers together: over it no other large frame is begun.
  std::size_t partial_bytes = 64u << 20;
  /// A peer that takes nothing of what waits for it this long is gone; so is one whose large frame does not go on.
  std::chrono::milliseconds stall_timeout{15'000};
  /// From the connection to the end of the ZMTP handshake.
  std::chrono::milliseconds handshake_timeout{3'000};
  /// From the connection to the first frame.
  std::chrono::milliseconds first_frame_timeout{15'000};
  /// A peer of which nothing was heard this long is gone, whether it has a session or not.
  std::chrono::milliseconds silence_timeout{60'000};
  /// Connections at once. One that never said anything goes first, then the one that has been silent longest.
  std::uint32_t max_peers = 4'096;
  /// Descriptors that connections leave for files of the store.
  int spare_descriptors = 16;
};

/// Errors: io (no descriptors).
Result<std::unique_ptr<runtime::Gateway>> make_zmtp_gateway(const ZmtpGatewayOptions& options = {});

}  // namespace ackwire::transport
