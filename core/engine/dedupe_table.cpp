#include "engine/dedupe_table.hpp"

#include <algorithm>
#include <bit>

namespace ackwire::engine::dedupe {
namespace {

constexpr std::size_t capacity_min = 64;

}  // namespace

KeyTable::KeyTable(std::size_t expected) {
  // Half full when as expected, grown at five eighths: a miss looks at one cache line, rarely two.
  capacity_ = std::bit_ceil(std::max(capacity_min, expected * 2));
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity_));
  memory_ = ZeroedMemory(capacity_ * sizeof(DedupeEntry));
}

std::optional<DedupeEntry> KeyTable::find(const KeyHash& key) const {
  if (!capacity_) return std::nullopt;
  const DedupeEntry* all = slots();
  for (std::size_t i = home(key); all[i].sequence != 0; i = (i + 1) & (capacity_ - 1)) {
    if (all[i].key == key) return DedupeEntry{key, all[i].sequence - 1, all[i].body};
  }
  return std::nullopt;
}

void KeyTable::put(const DedupeEntry& entry) {
  if ((size_ + 1) * 8 > capacity_ * 5) grow();
  place(DedupeEntry{entry.key, entry.sequence + 1, entry.body});
}

void KeyTable::place(const DedupeEntry& slot) {
  DedupeEntry* all = slots();
  std::size_t i = home(slot.key);
  while (all[i].sequence != 0 && all[i].key != slot.key) i = (i + 1) & (capacity_ - 1);
  if (all[i].sequence == 0) ++size_;
  all[i] = slot;
}

void KeyTable::grow() {
  KeyTable larger(capacity_);
  for (std::size_t i = 0; i < capacity_; ++i) {
    if (slots()[i].sequence != 0) larger.place(slots()[i]);
  }
  *this = std::move(larger);
}

bool KeyTable::take(std::size_t& cursor, std::size_t count, std::vector<DedupeEntry>& out) const {
  // Entries with a home in [cursor, end) lie between cursor and the first empty slot at or after end; others may lie among them.
  const std::size_t end = std::min(capacity_, cursor + std::max<std::size_t>(count * 2, 1));
  const std::size_t before = out.size();
  const DedupeEntry* all = slots();
  for (std::size_t i = cursor; i < end || (i - cursor < capacity_ && all[i & (capacity_ - 1)].sequence != 0); ++i) {
    const DedupeEntry& slot = all[i & (capacity_ - 1)];
    if (slot.sequence == 0) continue;
    const std::size_t at = home(slot.key);
    if (at >= cursor && at < end) out.push_back(DedupeEntry{slot.key, slot.sequence - 1, slot.body});
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
            [](const DedupeEntry& a, const DedupeEntry& b) { return a.key < b.key; });
  cursor = end;
  return cursor < capacity_;
}

}  // namespace ackwire::engine::dedupe
