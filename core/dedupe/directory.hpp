// The directory: for every key in a sealed run, a fingerprint and the tag of its run, in memory. It answers "in none of the runs"
// with one cache line, however many runs there are. It only saves look-ups: whatever it finds is confirmed by all 128 bits in the
// run.
//
// A fingerprint is the top 34 bits of the key hash, a bucket holds the fingerprints of one range of them, so a slot needs to keep
// only the low 24. The directory grows and shrinks a quarter at a time by moving the buckets in order into a new array, a few for
// each change: there is no moment at which everything is rehashed. Runs are sealed and dropped in hash order, so they sweep it in
// order. What finds its bucket full is spilled into a short list that it shares with its neighbours.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "dedupe/dedupe.hpp"
#include "dedupe/memory.hpp"

namespace ackwire::dedupe {

/// Names a run, or several when there are more than 255. Never 0.
using RunTag = std::uint8_t;

class Directory {
 public:
  static constexpr unsigned fingerprint_bits = 34;
  static std::uint64_t fingerprint(const KeyHash& key) { return key.high >> (64 - fingerprint_bits); }

  /// Room for `count` fingerprints, at opening: spares the growth by quarters. Requires: empty.
  void reserve(std::uint64_t count);
  void insert(std::uint64_t fingerprint, RunTag tag);
  /// Forgets one such pair; nothing happens when there is none.
  void remove(std::uint64_t fingerprint, RunTag tag);
  /// Calls `visit(tag)` for every pair with this fingerprint.
  template <class Visit>
  void find(std::uint64_t fingerprint, const Visit& visit) const;
  /// Always inline, like the prefetch() of everything here: GCC drops calls of functions that only prefetch, as without effect.
  [[gnu::always_inline]] void prefetch(std::uint64_t fingerprint) const {
    if (!current_.buckets) return;
    const Level& level = level_of(fingerprint);
    __builtin_prefetch(&level.at(level.index(fingerprint)));
  }
  std::uint64_t size() const { return size_; }
  /// What it holds, for the bound on memory.
  std::uint64_t bytes() const;

 private:
  static constexpr std::size_t slots_per_bucket = 16;
  static constexpr std::uint32_t low_mask = (1u << 24) - 1;
  struct alignas(64) Bucket {
    std::uint32_t slots[slots_per_bucket];  // tag << 24 | low bits of the fingerprint; filled from the front, 0 = empty
    bool full() const { return slots[slots_per_bucket - 1] != 0; }
    std::uint32_t used() const {
      std::uint32_t count = 0;
      for (std::uint32_t slot : slots) count += static_cast<std::uint32_t>(slot != 0);
      return count;
    }
  };
  static constexpr std::size_t buckets_per_segment = segment_bytes / sizeof(Bucket);
  static constexpr std::size_t buckets_per_spill = 64;
  struct Spilled {
    std::uint64_t fingerprint;
    RunTag tag;
  };
  using Spill = std::vector<Spilled>;  // what found its bucket full, of some neighbouring buckets

  /// Buckets in segments, so that growing never needs old and new side by side as a whole.
  struct Level {
    std::uint64_t buckets = 0;
    std::vector<ZeroedMemory> segments;
    std::vector<Spill> spills;
    void make(std::uint64_t count) {
      buckets = count;
      spills.resize(count / buckets_per_spill + 1);
    }
    Spill& spill_of(std::uint64_t i) { return spills[i / buckets_per_spill]; }
    const Spill& spill_of(std::uint64_t i) const { return spills[i / buckets_per_spill]; }
    std::uint64_t index(std::uint64_t fingerprint) const { return fingerprint * buckets >> fingerprint_bits; }
    Bucket& at(std::uint64_t i) const {
      return static_cast<Bucket*>(segments[i / buckets_per_segment].data())[i % buckets_per_segment];
    }
    /// The lowest fingerprint that belongs into bucket `i`.
    std::uint64_t start(std::uint64_t i) const { return ((i << fingerprint_bits) + buckets - 1) / buckets; }
    void allocate_through(std::uint64_t i);
  };

  const Level& level_of(std::uint64_t fingerprint) const { return fingerprint < moved_below_ ? next_ : current_; }
  Level& level_of(std::uint64_t fingerprint) { return fingerprint < moved_below_ ? next_ : current_; }
  static void place(Level& level, std::uint64_t fingerprint, RunTag tag);
  /// Refills a bucket that was full from what was spilled.
  static void refill(Level& level, std::uint64_t index);
  void remove_spilled(Level& level, std::uint64_t index, std::uint64_t fingerprint, RunTag tag);
  void resize_some();
  void start_resize(std::uint64_t buckets);
  void move_bucket();
  void leave_tiny();

  Level current_, next_;
  std::uint64_t moved_ = 0;        // buckets of current_ that are in next_ already
  std::uint64_t moved_below_ = 0;  // fingerprints below are in next_
  std::uint64_t size_ = 0;
  std::multimap<std::uint64_t, RunTag> tiny_;  // everything, while the directory has no buckets
};

template <class Visit>
void Directory::find(std::uint64_t fingerprint, const Visit& visit) const {
  if (!current_.buckets) {
    for (auto [at, end] = tiny_.equal_range(fingerprint); at != end; ++at) visit(at->second);
    return;
  }
  const Level& level = level_of(fingerprint);
  const std::uint64_t index = level.index(fingerprint);
  const Bucket& bucket = level.at(index);
  const auto low = static_cast<std::uint32_t>(fingerprint) & low_mask;
  std::uint32_t hit = 0;
  for (std::uint32_t slot : bucket.slots) hit |= static_cast<std::uint32_t>(((slot ^ low) & low_mask) == 0);
  if (hit) [[unlikely]] {
    for (std::uint32_t slot : bucket.slots) {
      if (slot != 0 && ((slot ^ low) & low_mask) == 0) visit(static_cast<RunTag>(slot >> 24));
    }
  }
  if (!bucket.full()) return;
  for (const Spilled& spilled : level.spill_of(index)) {
    if (spilled.fingerprint == fingerprint) visit(spilled.tag);
  }
}

}  // namespace ackwire::dedupe
