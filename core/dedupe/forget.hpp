// Forgetting: decides when a run may leave, and deletes it a slice per turn.
//
//   1  every message of the run has left the blocks (its highest sequence is below `final_below`)
//   2  the run's sequences are scanned for messages that are delayed or dead; their keys are remembered anew. At the end of the
//   scan
//      every other message of the run is final: the time is kept as `final_since`. When that would be more than an eighth of the
//      run, the rest of the scan waits one window: keys that stay pinned are rewritten once a window and not all the time
//   3  one window after `final_since` and after its newest key the run leaves
//
// A message that becomes ready again out of the blocks (a new group from the oldest message on) takes its run back to 1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "dedupe/runs.hpp"

namespace ackwire::dedupe {

class Forget {
 public:
  using Pinned = std::function<std::vector<DedupeEntry>(std::uint64_t low, std::uint64_t high)>;
  /// Adds the key to the active table; false when a table in memory holds it already.
  using Remember = std::function<bool(const DedupeEntry&)>;

  Forget(std::uint32_t queue, Runs& runs) : queue_(queue), runs_(runs) {}

  /// Steps 1 and 2, a bounded part. Calls `remember` for pinned keys; they must be stored in the same transaction.
  void scan(store::Transaction& transaction, Timestamp now, Duration window, std::uint64_t final_below, const Pinned& pinned,
            const Remember& remember);
  /// Step 3: deletes up to `rows` rows. The run of table `trimmed` (0 = none) waits: its log must be gone before its header is.
  void drop(store::Transaction& transaction, Timestamp now, Duration window, std::uint32_t trimmed, std::size_t rows);
  bool under_way() const { return scanned_ || dropped_; }
  /// When the next run may leave, as far as it is known; nullopt when none is near.
  std::optional<Timestamp> next_due(Duration window, std::uint64_t final_below) const;

 private:
  void reopen_runs(store::Transaction& transaction, std::uint64_t final_below);
  bool choose_scan(Timestamp now, Duration window, std::uint64_t final_below);
  std::size_t scan_step(store::Transaction& transaction, const Pinned& pinned, const Remember& remember);

  std::uint32_t queue_;
  Runs& runs_;
  Run* scanned_ = nullptr;
  std::vector<SequenceRange> ranges_;  // of scanned_, the rest that is to be scanned
  std::uint64_t remembered_ = 0;       // by the scan of scanned_
  Run* dropped_ = nullptr;
};

}  // namespace ackwire::dedupe
