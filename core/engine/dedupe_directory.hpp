// The directory: for every key in a sealed run, a fingerprint and the tag of its run, in memory. It answers "in none of the runs"
// with one cache line, however many runs there are. It only saves look-ups: whatever it finds is confirmed by all 128 bits in the
// run.
//
// A fingerprint is the top 34 bits of the key hash, a bucket holds the fingerprints of one range of them, so a slot needs to keep
// only the low 24. The directory grows and shrinks a quarter at a time by moving the buckets in order into a new array, a few for
// each change: there is no moment at which everything is rehashed. Runs are sealed and dropped in hash order, so they sweep it in
// order.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/dedupe.hpp"
#include "engine/dedupe_memory.hpp"

namespace ackwire::engine::dedupe {

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
    if (current_.buckets) __builtin_prefetch(&bucket_of(fingerprint));
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
  };
  static constexpr std::size_t buckets_per_segment = segment_bytes / sizeof(Bucket);

  /// Buckets in segments, so that growing never needs old and new side by side as a whole.
  struct Level {
    std::uint64_t buckets = 0;
    std::vector<ZeroedMemory> segments;
    std::uint64_t index(std::uint64_t fingerprint) const { return fingerprint * buckets >> fingerprint_bits; }
    Bucket& at(std::uint64_t i) const {
      return static_cast<Bucket*>(segments[i / buckets_per_segment].data())[i % buckets_per_segment];
    }
    /// The lowest fingerprint that belongs into bucket `i`.
    std::uint64_t start(std::uint64_t i) const { return ((i << fingerprint_bits) + buckets - 1) / buckets; }
    void allocate_through(std::uint64_t i);
  };

  const Level& level_of(std::uint64_t fingerprint) const { return fingerprint < moved_below_ ? next_ : current_; }
  Bucket& bucket_of(std::uint64_t fingerprint) const {
    const Level& level = level_of(fingerprint);
    return level.at(level.index(fingerprint));
  }
  void place(const Level& level, std::uint64_t fingerprint, RunTag tag);
  /// Refills a bucket that was full from what was spilled.
  void refill(const Level& level, std::uint64_t index);
  void resize_some();
  void start_resize(std::uint64_t buckets);
  void move_bucket();
  void leave_spill_only();

  Level current_, next_;
  std::uint64_t moved_ = 0;        // buckets of current_ that are in next_ already
  std::uint64_t moved_below_ = 0;  // fingerprints below are in next_
  std::uint64_t size_ = 0;
  /// What found its bucket full. While the directory is tiny it has no buckets and everything is here.
  std::multimap<std::uint64_t, RunTag> spilled_;
};

template <class Visit>
void Directory::find(std::uint64_t fingerprint, const Visit& visit) const {
  if (current_.buckets) {
    const Bucket& bucket = bucket_of(fingerprint);
    const auto low = static_cast<std::uint32_t>(fingerprint) & low_mask;
    std::uint32_t hit = 0;
    for (std::uint32_t slot : bucket.slots) hit |= static_cast<std::uint32_t>(((slot ^ low) & low_mask) == 0);
    if (hit) [[unlikely]] {
      for (std::uint32_t slot : bucket.slots) {
        if (slot != 0 && ((slot ^ low) & low_mask) == 0) visit(static_cast<RunTag>(slot >> 24));
      }
    }
    if (!bucket.full()) return;
  }
  for (auto [at, end] = spilled_.equal_range(fingerprint); at != end; ++at) visit(at->second);
}

}  // namespace ackwire::engine::dedupe
