// The gateway over a ZeroMQ ROUTER. The only door for other processes; loopback and ipc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "ackwire/error.hpp"
#include "runtime/gateway.hpp"

namespace ackwire::transport {

struct ZmqGatewayOptions {
  /// Frames that a slow peer has not taken yet are kept up to this; over it the peer is gone.
  std::size_t outbox_bytes = 64u << 20;
  /// Permissions of socket files.
  std::uint32_t socket_mode = 0600;
  /// Addresses remembered at once. The one that has been silent longest is forgotten first; it is a new peer when it speaks again.
  std::uint32_t max_peers = 4'096;
  /// When the anonymous memory of the process grows by more than this without a reason that is known here, every connection is
  /// dropped (clients reconnect by themselves): a message whose frames never end is otherwise unbounded inside ZeroMQ.
  std::size_t memory_growth_bytes = 1u << 30;
  std::chrono::milliseconds memory_check_interval{1'000};
};

/// Errors: internal (libzmq older than 4.3.4, no random numbers, no sockets).
Result<std::unique_ptr<runtime::Gateway>> make_zmq_gateway(const ZmqGatewayOptions& options = {});

}  // namespace ackwire::transport
