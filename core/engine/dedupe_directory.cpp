#include "engine/dedupe_directory.hpp"

#include <algorithm>

namespace ackwire::engine::dedupe {
namespace {

// A bucket of 16 slots overflows rarely up to these loads.
constexpr std::uint64_t load_max = 10, load_min = 5, load_target = 8;
constexpr std::uint64_t buckets_min = 1024;     // 24 bits in a slot and 10 from the place give a fingerprint of 34
constexpr std::uint64_t spill_only_max = 1024;  // fingerprints of a directory without buckets
constexpr int buckets_moved_per_change = 2;     // a resize is done long before the next one is due

}  // namespace

void Directory::Level::allocate_through(std::uint64_t i) {
  while (segments.size() <= i / buckets_per_segment) {
    const std::uint64_t left = buckets - segments.size() * buckets_per_segment;
    segments.emplace_back(std::min<std::uint64_t>(left, buckets_per_segment) * sizeof(Bucket));
  }
}

void Directory::reserve(std::uint64_t count) {
  if (count <= spill_only_max) return;
  current_.buckets = std::max(buckets_min, count / load_target);
  current_.allocate_through(current_.buckets - 1);
}

void Directory::insert(std::uint64_t fingerprint, RunTag tag) {
  ++size_;
  if (!current_.buckets) {
    spilled_.emplace(fingerprint, tag);
    if (size_ > spill_only_max) leave_spill_only();
    return;
  }
  place(level_of(fingerprint), fingerprint, tag);
  resize_some();
}

void Directory::leave_spill_only() {
  std::multimap<std::uint64_t, RunTag> all;
  all.swap(spilled_);
  reserve(size_);
  for (const auto& [fingerprint, tag] : all) place(current_, fingerprint, tag);
}

void Directory::place(const Level& level, std::uint64_t fingerprint, RunTag tag) {
  Bucket& bucket = level.at(level.index(fingerprint));
  if (bucket.full()) {
    spilled_.emplace(fingerprint, tag);
    return;
  }
  std::size_t used = 0;
  for (std::uint32_t slot : bucket.slots) used += slot != 0;
  bucket.slots[used] = static_cast<std::uint32_t>(tag) << 24 | (static_cast<std::uint32_t>(fingerprint) & low_mask);
}

void Directory::remove(std::uint64_t fingerprint, RunTag tag) {
  if (current_.buckets) {
    const Level& level = level_of(fingerprint);
    const std::uint64_t index = level.index(fingerprint);
    Bucket& bucket = level.at(index);
    const std::uint32_t wanted = static_cast<std::uint32_t>(tag) << 24 | (static_cast<std::uint32_t>(fingerprint) & low_mask);
    std::size_t i = 0;
    while (i < slots_per_bucket && bucket.slots[i] != wanted) ++i;
    if (i < slots_per_bucket) {
      const bool was_full = bucket.full();
      std::size_t last = slots_per_bucket - 1;
      while (bucket.slots[last] == 0) --last;
      bucket.slots[i] = bucket.slots[last];
      bucket.slots[last] = 0;
      --size_;
      if (was_full) refill(level, index);
      resize_some();
      return;
    }
  }
  for (auto [at, end] = spilled_.equal_range(fingerprint); at != end; ++at) {
    if (at->second != tag) continue;
    spilled_.erase(at);
    --size_;
    return;
  }
}

void Directory::refill(const Level& level, std::uint64_t index) {
  // A bucket of the level that is being left or entered may begin before the border: what lies across is in the other level.
  auto at = spilled_.lower_bound(level.start(index));
  while (at != spilled_.end() && at->first < level.start(index + 1)) {
    if (&level_of(at->first) != &level) {
      ++at;
      continue;
    }
    const auto [fingerprint, tag] = *at;
    spilled_.erase(at);
    place(level, fingerprint, tag);
    return;
  }
}

void Directory::resize_some() {
  if (next_.buckets) {
    for (int i = 0; i < buckets_moved_per_change && next_.buckets; ++i) move_bucket();
  } else if (size_ > current_.buckets * load_max) {
    start_resize(current_.buckets + current_.buckets / 4);
  } else if (size_ < current_.buckets * load_min && current_.buckets > buckets_min) {
    start_resize(std::max(buckets_min, current_.buckets - current_.buckets / 4));
  }
}

void Directory::start_resize(std::uint64_t buckets) {
  next_.buckets = buckets;
  moved_ = 0;
  moved_below_ = 0;
}

void Directory::move_bucket() {
  const std::uint64_t first = current_.start(moved_), end = current_.start(moved_ + 1);
  next_.allocate_through(next_.index(end - 1));
  const Bucket from = current_.at(moved_);
  for (std::uint32_t slot : from.slots) {
    if (slot == 0) break;
    // The bucket covers less than 2^24 fingerprints, so its start gives the bits that the slot left out.
    std::uint64_t fingerprint = (first & ~std::uint64_t{low_mask}) | (slot & low_mask);
    if (fingerprint < first) fingerprint += std::uint64_t{low_mask} + 1;
    place(next_, fingerprint, static_cast<RunTag>(slot >> 24));
  }
  if (from.full()) {
    // What place() spilled again now is among these: it stays spilled, because its new bucket is full.
    for (auto at = spilled_.lower_bound(first); at != spilled_.end() && at->first < end;) {
      if (next_.at(next_.index(at->first)).full()) {
        ++at;
        continue;
      }
      const auto [fingerprint, tag] = *at;
      at = spilled_.erase(at);
      place(next_, fingerprint, tag);
    }
  }
  ++moved_;
  moved_below_ = end;
  if (moved_ % buckets_per_segment == 0) current_.segments[moved_ / buckets_per_segment - 1] = ZeroedMemory();
  if (moved_ < current_.buckets) return;
  current_ = std::move(next_);
  next_ = Level();
  moved_ = moved_below_ = 0;
}

std::uint64_t Directory::bytes() const {
  constexpr std::uint64_t spilled_bytes = 64;
  std::uint64_t sum = spilled_.size() * spilled_bytes;
  for (const Level* level : {&current_, &next_}) {
    for (const ZeroedMemory& segment : level->segments) sum += segment.bytes();
  }
  return sum;
}

}  // namespace ackwire::engine::dedupe
