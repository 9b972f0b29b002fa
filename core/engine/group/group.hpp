// A consumer group: its window of blocks, its leases, what waits outside the blocks, and its counters.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/consumers.hpp"
#include "engine/log/room.hpp"
#include "engine/rows/row.hpp"

namespace ackwire::engine {

/// Who holds one record of a block in one group.
struct Slot {
  static constexpr std::uint32_t waiting = 0;            // not handed out in this boot epoch
  static constexpr std::uint32_t settled = 0xffff'ffff;  // final, dead or taken out
  std::uint32_t holder = waiting;                        // else a subscription's index
  std::uint32_t bytes : 31 = 0;                          // of the record
  std::uint32_t begun : 1 = 0;                           // its holder, or the holder before a restart, began to process it
};

/// Consecutive records of a block handed out together.
struct Lease {
  std::uint32_t first = 0, count = 0;
  std::uint32_t holder = 0;
  Duration started{0}, deadline{0};
};

/// A block that a group has begun to hand out and not finished.
struct WindowBlock {
  std::uint64_t base = 0;
  std::uint64_t publish_ms = 0;
  std::uint64_t bytes = 0;   // of its records
  std::uint32_t open = 0;    // slots not settled
  std::uint32_t begun = 0;   // slots begun and not settled
  std::uint32_t prefix = 0;  // slots settled without a gap from the front
  bool has_marks = false;    // a marks row exists
  bool touched = false;      // in Group::touched
  std::vector<Slot> slots;
  std::vector<Lease> leases;
  Reserved reserved;  // room for what may come back of it
  std::uint32_t count() const { return static_cast<std::uint32_t>(slots.size()); }
  std::uint64_t end() const { return base + slots.size(); }
};

/// A lease of a message that has a retry row.
struct RetryLease {
  std::uint32_t holder = 0;
  std::uint32_t delivery = 0;
  Duration started{0}, deadline{0};
  bool begun = false;
};

/// Why messages come back; decides whether what was begun is charged.
enum class Return : std::uint8_t { lease_end, release };

/// A consumer whose messages are being taken back, a bounded number each turn.
struct Returning {
  std::uint32_t holder = 0;
  Return why = Return::lease_end;
  const char* text = "";
};

/// A place in the order in which retry rows become ready.
struct Due {
  std::uint64_t ms = 0, sequence = 0;
  friend auto operator<=>(const Due&, const Due&) = default;
};

struct Group {
  std::uint32_t id = 0;
  GroupRow row;
  bool dirty = false;
  std::map<std::uint64_t, WindowBlock> window;  // by base
  std::vector<std::uint64_t> touched;           // bases whose slots changed in this turn
  std::vector<Subscription*> consumers;
  std::size_t next_consumer = 0;
  std::uint64_t leased = 0;       // messages handed out and not settled
  std::uint64_t concurrency = 0;  // of the consumers; kept in the store for the time after a crash
  bool concurrency_dirty = false;
  Duration next_recall = Duration::max();  // when somebody who waits may be helped
  std::unordered_map<std::uint64_t, RetryLease> retry_leases;
  std::unordered_map<std::uint64_t, Duration> extended;  // own deadlines, by sequence
  std::deque<Returning> returning;
  std::uint64_t recovered_until = 0;                           // the cursor when the broker started
  Duration next_head_check{0};                                 // when the message at the cursor is looked at for its time to live
  std::uint64_t head_expiry_ms = 0;                            // when it expires; 0 = never, or not known yet
  std::uint64_t head_looked_at = 0;                            // the cursor at the last look
  std::deque<std::uint64_t> recovered_blocks;                  // bases with messages that a broker before this one handed out
  std::deque<std::pair<std::uint64_t, bool>> recovered_retry;  // sequence and whether it was begun; the same for retry rows
  Due matured;  // retry rows at or before it in the order of `due` are counted in ready_retry
  std::uint64_t ready_retry = 0;
  std::uint64_t next_due_ms = 0;  // no retry row that is not counted yet is due before it
  Duration next_lease_check = Duration::max();
  std::uint64_t stale_settles = 0;
  bool recount = false;  // what damage did to the counters is not known
  // Never below 0, whatever a counter says: those of a damaged store may be off until `verify --repair` counts anew.
  std::uint64_t outstanding() const { return less(row.published, row.acked + row.expired + row.discarded + row.dead); }
  std::uint64_t outstanding_bytes() const { return less(row.published_bytes, row.settled_bytes + row.dead_bytes); }
  static std::uint64_t less(std::uint64_t all, std::uint64_t part) { return all > part ? all - part : 0; }
  WindowBlock* block_of(std::uint64_t sequence);
};

}  // namespace ackwire::engine
