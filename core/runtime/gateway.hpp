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
  /// Returns when something came, `wake_fd` is readable, a peer is gone or no longer slow, or `timeout` has passed. Also pushes
  /// outboxes on.
  virtual void wait(int wake_fd, std::chrono::microseconds timeout) = 0;
  /// One round without waiting: pushes outboxes on, then takes a bounded part of what each peer has sent, in turn, up to the
  /// limits. Nothing was there when nothing is appended.
  virtual void receive(std::vector<Inbound>& out, std::size_t max_frames, std::size_t max_bytes) = 0;
  /// Puts head and payload as one frame into the peer's outbox, which wait() and receive() push on. Never blocks.
  virtual Sent send(PeerId peer, std::string_view head, std::string_view payload) = 0;
  /// Ends the connection; what waits for the peer is thrown away.
  virtual void drop(PeerId peer) = 0;
  /// Peers whose connection ended since the last call. Their last frames may have come in the same round.
  virtual std::vector<PeerId> take_gone() = 0;
  /// Peers that do not take what is sent to them as fast as it comes: nothing large should be made for them now.
  virtual const std::vector<PeerId>& slow() const = 0;
  /// Binds one more endpoint; returns it as bound.
  virtual Result<std::string> bind(std::string_view endpoint) = 0;
};

}  // namespace ackwire::runtime
