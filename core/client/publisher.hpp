// The producer's side: per queue an open frame that gathers batches, frames under way, and frames that wait for their turn. Every
// frame is kept until it is answered and sent again, byte for byte and in order, on a new connection.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "client/core_options.hpp"
#include "client/publish_frame.hpp"

namespace ackwire::client {

/// What is published to one queue. Sequences of batches rise by one, for as long as the connection's producer id lives.
struct PublishLane {
  explicit PublishLane(std::string_view name) : queue(name) {}
  const std::string queue;
  std::uint64_t next_sequence = 1;
  std::deque<std::shared_ptr<PublishFrame>> frames;  // sealed, in order; the first `sent` are under way
  std::size_t sent = 0;
  std::shared_ptr<PublishFrame> open;
  bool listed = false;  // in Publisher::ready_

  bool can_send() const { return sent < frames.size() || (open && frames.empty()); }
};

/// Not thread-safe: every call is made with the gate held.
class Publisher {
 public:
  Publisher(std::shared_ptr<Gate> gate, const CoreOptions& options);

  /// Room for one more batch under max_unconfirmed and max_unconfirmed_bytes; a batch larger than either goes alone.
  bool has_room(std::size_t messages, std::size_t bytes) const;
  /// Puts one atomic batch of encoded records into the queue's open frame.
  std::shared_ptr<PublishedBatch> add(std::string_view queue, std::uint32_t messages, std::string_view records, bool awaited);
  /// A batch of this size found no room and nobody waits: take_room() will say when it fits.
  void want_room(std::size_t messages, std::size_t bytes);
  /// True once after want_room(), when there is room or it is `over`.
  bool take_room(bool over);
  /// True when next_frame() would give one.
  bool can_send() const { return !ready_.empty() && under_way_ < frames_in_flight_; }
  /// Copies the next frame to send.
  bool next_frame(std::string& out);

  /// The answer to a frame; one that is not known was answered before and is dropped. False when it does not fit.
  bool confirm(std::string_view queue, std::uint64_t producer_sequence, std::string_view entries);
  /// The broker refused the frame with this request id as a whole.
  void refuse(std::uint32_t request, const Error& error);
  /// Everything under way is to be sent again.
  void session_lost();
  /// Every batch that was sent and not answered gets `error` and is not sent again. Returns their messages. Requires: nothing is
  /// under way, because the session is lost.
  std::uint64_t give_up_sent(const Error& error);
  /// Moves the times of everything that was never sent by `by`.
  void shift_times(Duration by);
  /// Gives up: every batch without an answer gets `error`. Returns their messages.
  std::uint64_t abandon(const Error& error);

  std::uint64_t unconfirmed() const { return messages_; }
  /// Number of the newest frame; all batches so far are in frames up to it.
  std::uint64_t newest_frame() const { return next_number_ - 1; }
  /// True when every frame up to `number` is answered.
  bool answered(std::uint64_t number) const { return order_.empty() || order_.front()->number > number; }
  /// The first refusal since the last call that no PendingPublish has told.
  std::optional<Error> take_refusal();

 private:
  PublishLane& lane(std::string_view queue);
  std::shared_ptr<PublishFrame> open_frame(PublishLane& lane);
  void seal(PublishLane& lane);
  void list(PublishLane& lane);
  void finish(PublishLane& lane, std::size_t index);
  void note_refusals(const std::shared_ptr<PublishFrame>& frame);
  void settle_accounts(const std::shared_ptr<PublishFrame>& frame);

  const std::shared_ptr<Gate> gate_;
  const std::uint32_t max_unconfirmed_;
  const std::uint64_t max_unconfirmed_bytes_;
  const std::uint32_t frames_in_flight_;
  const std::uint32_t frame_target_bytes_;
  std::unordered_map<std::string_view, std::unique_ptr<PublishLane>> lanes_;  // keys point into the lanes
  PublishLane* latest_ = nullptr;                                             // of the last add(), to save a look-up
  std::deque<PublishLane*> ready_;                                            // lanes that can send, in turn
  std::deque<std::shared_ptr<PublishFrame>> order_;                           // all frames without an answer, by number
  std::vector<std::string> spare_;                                            // buffers of answered frames
  std::uint64_t next_number_ = 1;
  std::uint32_t next_request_ = 1;
  std::uint64_t messages_ = 0, bytes_ = 0;
  std::size_t under_way_ = 0;
  struct Room {
    std::size_t messages = 0, bytes = 0;
  };
  std::optional<Room> wanted_;                            // by a publish that did not wait; the smallest
  std::vector<std::shared_ptr<PublishedBatch>> refused_;  // since the last flush, for a flush to tell
};

}  // namespace ackwire::client
