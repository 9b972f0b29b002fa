// A queue: its rows, its groups, its producers and keys, and what the turn writes of it.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dedupe/dedupe.hpp"
#include "engine/admin/latency.hpp"
#include "engine/group/group.hpp"

namespace ackwire::engine {

/// What a producer was answered, until it says that it has the answer.
struct Producer {
  std::uint64_t floor = 0;  // everything below was answered and acknowledged
  std::map<std::uint64_t, std::string> answers;
  std::uint64_t answer_bytes = 0;
  Reserved counted;  // the same, in State::answer_bytes
  std::int64_t last_used_ms = 0;
};

struct ProducerHash {
  std::size_t operator()(const model::ProducerId& id) const {
    std::size_t value;
    std::memcpy(&value, id.data(), sizeof value);
    return value;
  }
};

/// A block written in this turn.
struct TurnBlock {
  std::uint64_t base = 0;
  std::uint32_t count = 0;
  std::string bytes;  // header and records
};

/// Buffers of blocks, used again from turn to turn.
class BlockBuffers {
 public:
  std::string take();
  void give_back(std::string buffer);
  static constexpr std::size_t kept = 128;  // of 64 KiB each

 private:
  std::vector<std::string> spare_;
};

/// How full a queue is: sums over its groups, but the depth of the fullest.
struct Gauges {
  std::uint64_t depth = 0, leased = 0, delayed = 0, dead = 0;
};

struct Queue {
  std::uint32_t id = 0;
  QueueRow row;
  QueueState state;
  bool row_dirty = false, dirty = false;
  std::map<std::uint32_t, Group> groups;
  std::vector<std::uint32_t> removed_groups;  // whose rows are being erased
  bool reclaim = false;                       // blocks that no group needs may be left
  std::unordered_map<model::ProducerId, Producer, ProducerHash> producers;
  std::unique_ptr<dedupe::Dedupe> dedupe;
  bool dedupe_changed = false;
  Duration next_dedupe_write{0};
  bool dedupe_late = false;  // planted bug
  Duration next_prune{0};
  std::int64_t next_eviction_ms = 0;  // no producer may be forgotten before, unless it says goodbye
  std::vector<TurnBlock> turn_blocks;
  std::size_t turn_blocks_written = 0;
  std::uint32_t first_group = 0;  // as State::first_queue
  std::uint64_t damaged = 0;  // rows found damaged since the broker started
  std::string keys_damaged;   // not empty: what was published before cannot be told, this says why
  Sample sample;              // counts of the slot under way
  Latency latency;
  bool active = false;          // its samples are kept: something happened in it lately
  bool touched = false;         // in State::touched
  bool changed = false;         // in State::unsampled
  bool unfinished = false;      // the turn's budget ended before its work
  bool waits_for_room = false;  // in the store: it is tried again in the next turn
  Gauges gauges;                // as State::gauges counts them
  Group* find_group(std::string_view name);
  /// Whether the group is handed nothing, because somebody said so.
  bool holds_back(const Group& group) const { return row.policy.paused || group.row.paused; }
};

}  // namespace ackwire::engine
