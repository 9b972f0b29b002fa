#include "dedupe/forget.hpp"

#include <algorithm>

namespace ackwire::dedupe {
namespace {

// One turn scans until one of these is reached. A step bounds what one call may have to list.
constexpr std::uint64_t step_sequences = 4096;
constexpr int steps_max = 64;
constexpr std::size_t pinned_enough = 512;
constexpr std::uint64_t pinned_share = 8;  // of a run, remembered anew at once
constexpr Duration rescan_min = std::chrono::minutes(1);

Timestamp rescan(const Run& run, Duration window) { return std::max(run.newest, *run.pinned_at) + std::max(window, rescan_min); }
Timestamp due(const Run& run, Duration window) { return std::max(run.newest, *run.final_since) + window; }

}  // namespace

void Forget::scan(store::Transaction& transaction, Timestamp now, Duration window, std::uint64_t final_below, const Pinned& pinned,
                  const Remember& remember) {
  reopen_runs(transaction, final_below);
  std::size_t seen = 0;
  for (int step = 0; step < steps_max && seen < pinned_enough; ++step) {
    if (!scanned_ && !choose_scan(now, window, final_below)) return;
    seen += scan_step(transaction, pinned, remember);
    if (ranges_.empty()) {
      scanned_->final_since = now;
      put_run_header(transaction, queue_, *scanned_);
      scanned_ = nullptr;
    } else if (!scanned_->pinned_at && remembered_ > scanned_->entries / pinned_share) {
      scanned_->pinned_at = now;
      scanned_ = nullptr;
    }
  }
}

std::size_t Forget::scan_step(store::Transaction& transaction, const Pinned& pinned, const Remember& remember) {
  SequenceRange& range = ranges_.front();
  const std::uint64_t high = range.high - range.low < step_sequences ? range.high : range.low + step_sequences - 1;
  const std::vector<DedupeEntry> entries = pinned(range.low, high);
  for (const DedupeEntry& entry : entries) {
    // Ranges of runs overlap: a key that a newer run holds too is remembered anew when that one is scanned.
    if (runs_.newest_holder(transaction, entry.key) == scanned_ && remember(entry)) ++remembered_;
  }
  if (high < range.high) {
    range.low = high + 1;
  } else {
    ranges_.erase(ranges_.begin());
  }
  return entries.size();
}

void Forget::reopen_runs(store::Transaction& transaction, std::uint64_t final_below) {
  for (Run& run : runs_.list()) {
    if (run.leaving || run.sequences.empty() || run.sequences.highest() < final_below) continue;
    if (&run == scanned_) scanned_ = nullptr;
    if (!run.final_since) continue;
    run.final_since.reset();
    put_run_header(transaction, queue_, run);
  }
}

bool Forget::choose_scan(Timestamp now, Duration window, std::uint64_t final_below) {
  for (Run& run : runs_.list()) {
    // A run without sequences is still being written.
    if (run.final_since || run.leaving || run.sequences.empty() || run.sequences.highest() >= final_below) continue;
    if (run.pinned_at && now < rescan(run, window)) continue;
    scanned_ = &run;
    remembered_ = 0;
    ranges_ = run.sequences.list();
    return true;
  }
  return false;
}

void Forget::drop(store::Transaction& transaction, Timestamp now, Duration window, std::uint32_t trimmed, std::size_t rows) {
  for (auto run = runs_.list().begin(); !dropped_ && run != runs_.list().end(); ++run) {
    if (run->number == trimmed) continue;
    if (!run->leaving && (!run->final_since || now < due(*run, window))) continue;
    dropped_ = &*run;
    if (run->leaving) continue;
    run->leaving = true;
    put_run_header(transaction, queue_, *run);
  }
  if (!dropped_ || !runs_.drop_some(transaction, *dropped_, rows)) return;
  transaction.erase(store::Table::dedupe, RowKey(queue_, RowKind::header, dropped_->number));
  runs_.erase(*dropped_);
  dropped_ = nullptr;
}

std::optional<Timestamp> Forget::next_due(Duration window, std::uint64_t final_below) const {
  std::optional<Timestamp> next;
  for (const Run& run : runs_.list()) {
    if (!run.final_since && (!run.pinned_at || run.sequences.highest() >= final_below)) continue;
    next = std::min(next.value_or(Timestamp::max()), run.final_since ? due(run, window) : rescan(run, window));
  }
  return next;
}

}  // namespace ackwire::dedupe
