// The room that a store must keep free for what is handed out, so that it can come back.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "ackwire/error.hpp"
#include "ackwire/queue.hpp"
#include "engine/engine.hpp"
#include "engine/rows/row.hpp"
#include "engine/turn.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// A part of a sum, for as long as it lives.
class Reserved {
 public:
  Reserved() = default;
  Reserved(std::uint64_t& sum, std::uint64_t bytes) : sum_(&sum), bytes_(bytes) { sum += bytes; }
  Reserved(Reserved&& other) noexcept : sum_(std::exchange(other.sum_, nullptr)), bytes_(other.bytes_) {}
  Reserved& operator=(Reserved&& other) noexcept {
    std::swap(sum_, other.sum_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Reserved() {
    if (sum_) *sum_ -= bytes_;
  }

 private:
  std::uint64_t* sum_ = nullptr;
  std::uint64_t bytes_ = 0;
};

/// How many bytes the store may have in use.
struct RoomLimits {
  std::uint64_t map_bytes = 0;   // for publishes, by the size of the map
  std::uint64_t disk_bytes = 0;  // for publishes, by the disk
  std::uint64_t soft_bytes = 0;  // the lower of the two
  std::uint64_t hard_bytes = 0;  // for everything else
};

/// What `count` records of `bytes` together take in rows of their own, in the worst case: a record over half a page has pages to
/// itself, smaller ones share pages that may be half empty.
std::uint64_t rows_room(std::uint64_t count, std::uint64_t bytes);

/// The same for messages in their block, with the texts that one failed attempt adds to each. Large records and what goes with
/// them have a row each.
std::uint64_t returns_room(std::uint64_t count, std::uint64_t bytes);

/// When a publish that was refused is to come back: the store is full, or the queue is deep enough.
inline constexpr Duration full_retry_after{1'000}, depth_retry_after{250};

/// What the store has left in this turn, and who may use it.
class Room {
 public:
  Room(const store::Store& store, const EngineOptions& options, Turn& turn) : store_(store), options_(options), turn_(turn) {}

  /// Call when a turn begins.
  void measure();
  /// Why a batch of that many bytes may not be stored now.
  std::optional<Error> over_limit(std::uint64_t bytes) const;
  /// A publish found no room, or a commit did.
  void note_no_room(const Error& why);
  void refuse_publishes(Duration until, const Error& why);
  /// No sweeps and no hand-overs until then.
  void rest(Duration until) { resting_until_ = until; }
  Duration resting_until() const { return resting_until_; }
  /// Ok, or why a publish found no room a moment ago.
  const Status& no_room() const { return no_room_; }
  const store::Usage& usage() const { return usage_; }

  /// Records were stored.
  void append(std::uint64_t bytes) { appended_bytes_ += bytes; }
  /// A message leaves its block for a row: the row's texts are cut when there is little room, and the turn's part is spent.
  void spend(TakenOut& row);
  /// The same for its record, where that has a row of its own.
  void spend_body(std::uint64_t record_bytes);
  /// A message that becomes a dead letter by its age waits in its block until there is room for the row.
  bool to_expire(const QueuePolicy& policy, std::uint64_t record_bytes) const;
  /// Whether what is handed out could come back into rows of its own.
  bool for_return(std::uint64_t count, std::uint64_t bytes) const;
  /// Keeps room for what may come back of a block.
  Reserved reserve(std::uint64_t count, std::uint64_t bytes) { return Reserved(reserved_bytes_, returns_room(count, bytes)); }

 private:
  bool room_for(std::uint64_t bytes, double part) const;
  void count_moved(std::uint64_t bytes);

  const store::Store& store_;
  const EngineOptions& options_;
  Turn& turn_;
  store::Usage usage_;                // when the turn began
  RoomLimits limits_;                 // the same
  std::uint64_t reserved_bytes_ = 0;  // for all blocks that were handed out
  std::uint64_t appended_bytes_ = 0;  // of records stored in this turn
  std::uint64_t moved_bytes_ = 0;     // of rows written in this turn for messages that leave their block
  std::uint64_t movable_bytes_ = 0;   // of rows that may still be written in this turn for them
  Duration refusing_until_{0};        // publishes; after a full store
  Duration resting_until_{0};
  Status no_room_;
  Duration no_room_until_{0};
};

}  // namespace ackwire::engine
