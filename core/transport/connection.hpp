// One accepted connection: bytes of its socket <-> frames. What it holds is bounded in both directions, and it never blocks.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/gateway.hpp"
#include "transport/socket.hpp"
#include "transport/zmtp.hpp"

namespace ackwire::transport {

using Clock = std::chrono::steady_clock;

/// What may still be taken in one call of Gateway::receive().
struct Room {
  std::size_t frames = 0, bytes = 0;
  bool left() const { return frames > 0 && bytes > 0; }
};

/// Which frames one visit takes: the last may be over the room that is left, or all must fit into it.
enum class Frames : std::uint8_t { any, that_fit };

/// Not thread-safe. After closed() every call does nothing.
class Connection {
 public:
  Connection(runtime::PeerId id, Descriptor socket, Clock::time_point now);

  /// One visit: takes what has come, a bounded part of it, and appends the frames that are whole. Without `may_hold` no large
  /// frame is begun: starving() tells that one waits for memory.
  void visit(std::vector<runtime::Inbound>& out, Room& room, Frames which, bool may_hold, Clock::time_point now);
  /// Whether another visit would find something. `false` until hear() after the socket was read empty.
  bool has_more() const { return !closed() && !starving_ && (parsable_ || readable_); }
  bool starving() const { return starving_; }
  /// The kernel said that there is something to read.
  void hear() { readable_ = true; }
  /// The kernel said that there will be no more than what is there already.
  void hang_up() { hung_up_ = readable_ = true; }

  /// Queues one frame; flush() sends it. Large frames are tried at once.
  void send(std::string_view head, std::string_view payload, Clock::time_point now);
  void flush(Clock::time_point now);
  /// The kernel said that there is room again.
  void writable() { blocked_ = false; }
  /// Something waits that the kernel has room for.
  bool can_flush() const { return !closed() && unsent_ > 0 && !blocked_; }
  std::size_t unsent() const { return unsent_; }

  bool closed() const { return !socket_.open(); }
  void close();
  int fd() const { return socket_.get(); }
  runtime::PeerId id() const { return id_; }
  bool shook_hands() const { return phase_ == Phase::open; }
  /// Memory held for a large frame that is not whole.
  std::size_t held_bytes() const { return large_ ? capacity_ : 0; }

  const Clock::time_point since;  // accepted
  Clock::time_point heard;        // bytes came
  Clock::time_point sent;         // bytes left, or the first began to wait
  Clock::time_point held_since;   // the large frame that is not whole began
  bool spoke = false;             // a frame came
  // Kept by the gateway: on which of its lists the peer is, and what its sums hold of it.
  bool in_turn = false, to_flush = false, slow = false;
  std::size_t counted_unsent = 0, counted_held = 0;

 private:
  enum class Phase : std::uint8_t { greeting, ready, open };
  enum class Step : std::uint8_t { on, more_bytes, stop };

  std::size_t fill(std::size_t most);
  Step parse(std::vector<runtime::Inbound>& out, Room& room, Frames which, bool may_hold);
  Step greeted();
  Step skip(std::vector<runtime::Inbound>& out, Room& room);
  Step frame(const zmtp::Head& head, std::vector<runtime::Inbound>& out, Room& room, Frames which, bool may_hold);
  Step command(std::string_view bytes);
  Step extra_part(const zmtp::Head& head);
  Step refused() { return close(), Step::more_bytes; }
  void make_room_for(std::size_t bytes);
  void append(std::string_view bytes);
  std::size_t put(iovec* parts, std::size_t count, Clock::time_point now);
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

  const runtime::PeerId id_;
  Descriptor socket_;
  Phase phase_ = Phase::greeting;

  // Input. Frames point into the buffer and own a share of it: what is behind end_ is free, nothing before it changes.
  std::shared_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  bool large_ = false;  // the buffer is that of one large frame
  bool readable_ = false, hung_up_ = false, parsable_ = false, starving_ = false;
  // A message of more than one part: the first is kept, the others are counted and thrown away as they come.
  bool gathering_ = false, skipping_ = false, last_part_ = false;
  std::string first_part_;
  std::uint32_t extra_parts_ = 0;
  std::uint64_t extra_bytes_ = 0, to_skip_ = 0;

  // Output.
  std::deque<std::string> outbox_;
  std::size_t front_sent_ = 0;  // bytes of the front that have left
  std::size_t unsent_ = 0;
  bool blocked_ = false;
};

}  // namespace ackwire::transport
