// The door through which other processes reach the commit loop. The loop's thread alone calls it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/error.hpp"

namespace ackwire::runtime {

/// An address of a peer inside one gateway. Not an identity.
enum class PeerId : std::uint64_t {};

/// A received frame and whatever keeps its bytes alive.
struct Inbound {
  PeerId peer{};
  std::string_view bytes;
  std::shared_ptr<const void> owner;
  std::uint32_t extra_frames = 0;  // frames of the same message beyond the first, already thrown away
};

enum class Sent : std::uint8_t {
  ok,
  gone,  // the peer is not connected, or its outbox is over its limit
};

class Gateway {
 public:
  virtual ~Gateway() = default;
  /// Returns when a frame is there, `wake_fd` is readable, or `timeout` has passed. Also pushes outboxes on.
  virtual void wait(int wake_fd, std::chrono::milliseconds timeout) = 0;
  /// Appends what is there now, without waiting, up to the limits.
  virtual void receive(std::vector<Inbound>& out, std::size_t max_frames, std::size_t max_bytes) = 0;
  /// Sends head and payload as one frame, or keeps it in the peer's outbox when the peer is slow. Never blocks.
  virtual Sent send(PeerId peer, std::string_view head, std::string_view payload) = 0;
  /// Forgets the peer's outbox.
  virtual void drop(PeerId peer) = 0;
  /// Binds one more endpoint; returns it as bound.
  virtual Result<std::string> bind(std::string_view endpoint) = 0;
};

}  // namespace ackwire::runtime
