// A publish frame: the batches of one queue that travel together, kept until they are answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"
#include "client/gate.hpp"

namespace ackwire::client {

struct PublishFrame;
struct PublishLane;

/// One atomic batch. It lives inside its frame, and a PendingPublish shares the frame, so a single message costs no allocation of
/// its own.
struct PublishedBatch final : PendingPublish::State {
  PublishedBatch(PublishFrame& frame_, std::uint32_t messages_, bool awaited_)
      : frame(frame_), messages(messages_), awaited(awaited_) {}

  Result<std::vector<Receipt>> wait(const Wait& wait) override;
  bool done() const override;

  PublishFrame& frame;
  const std::uint32_t messages;
  const bool awaited;             // by a blocking publish, which reports the refusal itself
  std::atomic<bool> told{false};  // the outcome, to whoever waited for it
  const Clock::time_point since = Clock::now();
  // Valid once the frame is done:
  std::int32_t receipts = -1;  // index into frame.receipts, or -1
  std::int32_t error = -1;     // index into frame.errors, or -1
  std::uint64_t first_sequence = 0;
};

struct PublishFrame {
  PublishFrame(std::shared_ptr<Gate> gate_, PublishLane* lane_) : gate(std::move(gate_)), lane(lane_) {}

  const std::shared_ptr<Gate> gate;
  PublishLane* const lane;              // not to be touched once done
  std::uint64_t number = 0;             // order of opening in the connection
  std::uint64_t producer_sequence = 0;  // of the first batch
  std::uint32_t request = 0;
  std::uint64_t messages = 0;
  bool sent = false;  // at least once
  std::string bytes;  // as sent; the batch count and first_unconfirmed are filled in when the frame is sealed
  std::deque<PublishedBatch> batches;
  std::vector<std::vector<Receipt>> receipts;
  std::vector<Error> errors;
  std::atomic<bool> done{false};  // set under the gate; everything above is constant afterwards

  /// Takes the answers of the batches. False when `entries` do not fit the frame; the batches that are left get an error.
  bool answer(std::string_view entries);
  /// Moves the times of its messages by `by`.
  void shift_times(Duration by);
  /// Gives every batch that has no answer this error.
  void refuse_rest(std::size_t from, const Error& error);
};

}  // namespace ackwire::client
