#include "dedupe/directory.hpp"

#include <algorithm>
#include <array>

namespace ackwire::dedupe {
namespace {

// A bucket of 16 slots overflows rarely up to these loads.
constexpr std::uint64_t load_max = 10, load_min = 5, load_target = 8;
constexpr std::uint64_t buckets_min = 1024;   // 24 bits in a slot and 10 from the place give a fingerprint of 34
constexpr std::uint64_t tiny_max = 1024;      // fingerprints of a directory without buckets
constexpr int buckets_moved_per_change = 2;   // a resize is done long before the next one is due
constexpr std::size_t taken_over_by_max = 3;  // buckets of a level a quarter larger or smaller that one bucket lies across

}  // namespace

void Directory::Level::allocate_through(std::uint64_t i) {
  while (segments.size() <= i / buckets_per_segment) {
    const std::uint64_t left = buckets - segments.size() * buckets_per_segment;
    segments.emplace_back(std::min<std::uint64_t>(left, buckets_per_segment) * sizeof(Bucket));
  }
}

void Directory::reserve(std::uint64_t count) {
  if (count <= tiny_max) return;
  current_.make(std::max(buckets_min, count / load_target));
  current_.allocate_through(current_.buckets - 1);
}

void Directory::insert(std::uint64_t fingerprint, RunTag tag) {
  ++size_;
  if (!current_.buckets) {
    tiny_.emplace(fingerprint, tag);
    if (size_ > tiny_max) leave_tiny();
    return;
  }
  place(level_of(fingerprint), fingerprint, tag);
  resize_some();
}

void Directory::leave_tiny() {
  std::multimap<std::uint64_t, RunTag> all;
  all.swap(tiny_);
  reserve(size_);
  for (const auto& [fingerprint, tag] : all) place(current_, fingerprint, tag);
}

void Directory::place(Level& level, std::uint64_t fingerprint, RunTag tag) {
  const std::uint64_t index = level.index(fingerprint);
  Bucket& bucket = level.at(index);
  if (bucket.full()) {
    level.spill_of(index).push_back({fingerprint, tag});
    return;
  }
  bucket.slots[bucket.used()] = static_cast<std::uint32_t>(tag) << 24 | (static_cast<std::uint32_t>(fingerprint) & low_mask);
}

void Directory::remove(std::uint64_t fingerprint, RunTag tag) {
  if (!current_.buckets) {
    for (auto [at, end] = tiny_.equal_range(fingerprint); at != end; ++at) {
      if (at->second != tag) continue;
      tiny_.erase(at);
      --size_;
      return;
    }
    return;
  }
  Level& level = level_of(fingerprint);
  const std::uint64_t index = level.index(fingerprint);
  Bucket& bucket = level.at(index);
  const std::uint32_t wanted = static_cast<std::uint32_t>(tag) << 24 | (static_cast<std::uint32_t>(fingerprint) & low_mask);
  std::size_t i = 0;
  while (i < slots_per_bucket && bucket.slots[i] != wanted) ++i;
  if (i == slots_per_bucket) {
    if (bucket.full()) remove_spilled(level, index, fingerprint, tag);
    return;
  }
  const bool was_full = bucket.full();
  std::size_t last = slots_per_bucket - 1;
  while (bucket.slots[last] == 0) --last;
  bucket.slots[i] = bucket.slots[last];
  bucket.slots[last] = 0;
  --size_;
  if (was_full) refill(level, index);
  resize_some();
}

void Directory::remove_spilled(Level& level, std::uint64_t index, std::uint64_t fingerprint, RunTag tag) {
  Spill& spill = level.spill_of(index);
  const auto at =
      std::find_if(spill.begin(), spill.end(), [&](const Spilled& s) { return s.fingerprint == fingerprint && s.tag == tag; });
  if (at == spill.end()) return;
  *at = spill.back();
  spill.pop_back();
  --size_;
}

void Directory::refill(Level& level, std::uint64_t index) {
  Spill& spill = level.spill_of(index);
  for (Spilled& candidate : spill) {
    if (level.index(candidate.fingerprint) != index) continue;
    const Spilled one = candidate;
    candidate = spill.back();
    spill.pop_back();
    place(level, one.fingerprint, one.tag);
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
  next_.make(buckets);
  moved_ = 0;
  moved_below_ = 0;
}

void Directory::move_bucket() {
  const std::uint64_t first = current_.start(moved_), end = current_.start(moved_ + 1);
  const std::uint64_t base = next_.index(first);
  next_.allocate_through(next_.index(end - 1));
  // The few buckets that take over are counted once: a growing directory moves four fingerprints for each that is inserted.
  std::array<std::uint32_t, taken_over_by_max> used{};
  for (std::uint64_t to = base; to <= next_.index(end - 1); ++to) used[to - base] = next_.at(to).used();
  const Bucket from = current_.at(moved_);
  for (std::uint32_t slot : from.slots) {
    if (slot == 0) break;
    // The bucket covers less than 2^24 fingerprints, so its start gives the bits that the slot left out.
    std::uint64_t fingerprint = (first & ~std::uint64_t{low_mask}) | (slot & low_mask);
    if (fingerprint < first) fingerprint += std::uint64_t{low_mask} + 1;
    const std::uint64_t to = next_.index(fingerprint);
    if (used[to - base] == slots_per_bucket) {
      next_.spill_of(to).push_back({fingerprint, static_cast<RunTag>(slot >> 24)});
    } else {
      next_.at(to).slots[used[to - base]++] = slot;
    }
  }
  if (from.full()) {
    std::erase_if(current_.spill_of(moved_), [&](const Spilled& spilled) {
      if (current_.index(spilled.fingerprint) != moved_) return false;
      place(next_, spilled.fingerprint, spilled.tag);
      return true;
    });
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
  constexpr std::uint64_t tiny_entry_bytes = 64;
  std::uint64_t sum = tiny_.size() * tiny_entry_bytes;
  for (const Level* level : {&current_, &next_}) {
    for (const ZeroedMemory& segment : level->segments) sum += segment.bytes();
    for (const Spill& spill : level->spills) sum += sizeof spill + spill.capacity() * sizeof(Spilled);
  }
  return sum;
}

}  // namespace ackwire::dedupe
