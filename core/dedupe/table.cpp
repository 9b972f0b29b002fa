#include "dedupe/table.hpp"

#include <algorithm>
#include <bit>

namespace ackwire::dedupe {
namespace {

constexpr std::size_t capacity_min = 64;

}  // namespace

KeyTable::KeyTable(std::size_t expected) {
  // Grown at five eighths, which leaves some room above what was expected.
  capacity_ = std::bit_ceil(std::max(capacity_min, expected + expected * 7 / 10));
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity_));
  marks_.resize(capacity_);
  const std::size_t bytes = std::min(capacity_ * sizeof(DedupeEntry), segment_bytes);
  for (std::size_t i = 0; i < capacity_; i += slots_per_segment) segments_.emplace_back(bytes);
}

std::optional<DedupeEntry> KeyTable::find(const KeyHash& key) const {
  if (!capacity_) return std::nullopt;
  const std::uint8_t mark = mark_of(key);
  for (std::size_t i = home(key); marks_[i] != 0; i = next(i)) {
    if (marks_[i] == mark && at(i).key == key) return at(i);
  }
  return std::nullopt;
}

void KeyTable::put(const DedupeEntry& entry) {
  if ((size_ + 1) * 8 > capacity_ * 5) grow();
  place(entry);
}

void KeyTable::place(const DedupeEntry& entry) {
  const std::uint8_t mark = mark_of(entry.key);
  std::size_t i = home(entry.key);
  while (marks_[i] != 0 && (marks_[i] != mark || at(i).key != entry.key)) i = next(i);
  if (marks_[i] == 0) ++size_;
  marks_[i] = mark;
  at(i) = entry;
}

void KeyTable::grow() {
  KeyTable larger(capacity_);
  for (std::size_t i = 0; i < capacity_; ++i) {
    if (marks_[i] != 0) larger.place(at(i));
  }
  *this = std::move(larger);
}

bool KeyTable::take(std::size_t& cursor, std::size_t count, std::vector<DedupeEntry>& out) const {
  // Entries with a home in [cursor, end) lie between cursor and the first empty slot at or after end; others may lie among them.
  const std::size_t end = std::min(capacity_, cursor + std::max<std::size_t>(count * 2, 1));
  const std::size_t before = out.size();
  for (std::size_t i = cursor; i < end || (i - cursor < capacity_ && marks_[i & (capacity_ - 1)] != 0); ++i) {
    const std::size_t slot = i & (capacity_ - 1);
    if (marks_[slot] == 0) continue;
    const std::size_t from = home(at(slot).key);
    if (from >= cursor && from < end) out.push_back(at(slot));
  }
  // Almost in order already: each entry is at most a cluster away from its place.
  for (std::size_t i = before + 1; i < out.size(); ++i) {
    const DedupeEntry entry = out[i];
    std::size_t to = i;
    for (; to > before && entry.key < out[to - 1].key; --to) out[to] = out[to - 1];
    out[to] = entry;
  }
  cursor = end;
  return cursor < capacity_;
}

}  // namespace ackwire::dedupe
