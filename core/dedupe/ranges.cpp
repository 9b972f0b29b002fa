#include "dedupe/ranges.hpp"

#include <algorithm>

namespace ackwire::dedupe {
namespace {

/// Sequences closer than this share a range.
constexpr std::uint64_t gap_max = 4096;

bool near(const SequenceRange& low, const SequenceRange& high) { return high.low <= low.high || high.low - low.high <= gap_max; }

}  // namespace

void SequenceRanges::add(std::uint64_t sequence) {
  if (!ranges_.empty()) {
    SequenceRange& last = ranges_.back();
    if (sequence >= last.low && (sequence <= last.high || sequence - last.high <= gap_max)) {
      last.high = std::max(last.high, sequence);
      return;
    }
  }
  add(SequenceRange{sequence, sequence});
}

void SequenceRanges::add(SequenceRange range) {
  auto at = std::lower_bound(ranges_.begin(), ranges_.end(), range, [](const auto& a, const auto& b) { return a.low < b.low; });
  at = ranges_.insert(at, range);
  if (at != ranges_.begin() && near(*std::prev(at), *at)) --at;
  // Swallow whatever now touches the range at `at`.
  while (std::next(at) != ranges_.end() && near(*at, *std::next(at))) {
    at->high = std::max(at->high, std::next(at)->high);
    ranges_.erase(std::next(at));
  }
  if (ranges_.size() <= count_max) return;
  auto closest = ranges_.begin();
  for (auto i = ranges_.begin(); std::next(i) != ranges_.end(); ++i) {
    if (std::next(i)->low - i->high < std::next(closest)->low - closest->high) closest = i;
  }
  closest->high = std::next(closest)->high;
  ranges_.erase(std::next(closest));
}

}  // namespace ackwire::dedupe
