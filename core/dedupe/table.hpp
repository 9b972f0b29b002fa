// The memory table: an exact map from key hash to entry. Open addressing where the home of a key is the top bits of its hash, so
// that the table lies almost in hash order and can be sealed slice by slice without ever being sorted as a whole. A byte a slot
// says whether it is taken and by what kind of key: a miss is answered by these bytes, which stay in the cache, without touching a
// slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dedupe/dedupe.hpp"
#include "dedupe/memory.hpp"

namespace ackwire::dedupe {

class KeyTable {
 public:
  KeyTable() = default;
  /// With room for `expected` entries before it has to grow.
  explicit KeyTable(std::size_t expected);

  std::optional<DedupeEntry> find(const KeyHash& key) const;
  /// Adds, or replaces the entry of the same key.
  void put(const DedupeEntry& entry);
  [[gnu::always_inline]] void prefetch(const KeyHash& key, bool for_put) const {
    if (!capacity_) return;
    __builtin_prefetch(&marks_[home(key)]);
    if (for_put) __builtin_prefetch(&at(home(key)), 1);
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }

  /// Appends about `count` entries to `out` in hash order, beginning where the call before ended. `cursor` starts at 0.
  /// False when all were taken. Requires: no put() since the first call.
  bool take(std::size_t& cursor, std::size_t count, std::vector<DedupeEntry>& out) const;

 private:
  static constexpr std::size_t slots_per_segment = segment_bytes / sizeof(DedupeEntry);

  DedupeEntry& at(std::size_t i) const {
    return static_cast<DedupeEntry*>(segments_[i / slots_per_segment].data())[i % slots_per_segment];
  }
  std::size_t next(std::size_t i) const { return (i + 1) & (capacity_ - 1); }
  std::size_t home(const KeyHash& key) const { return static_cast<std::size_t>(key.high >> shift_); }
  static std::uint8_t mark_of(const KeyHash& key) { return static_cast<std::uint8_t>(key.low) | 0x80; }
  void place(const DedupeEntry& entry);
  void grow();

  std::vector<std::uint8_t> marks_;  // a slot each; 0 = empty
  std::vector<ZeroedMemory> segments_;
  std::size_t capacity_ = 0, size_ = 0;
  unsigned shift_ = 0;
};

}  // namespace ackwire::dedupe
