// Which sequences the keys of a table belong to, as a few disjoint ranges: new keys rise with the queue, keys that were remembered
// anew are far below. Covers every sequence added; may cover more.
#pragma once

#include <cstdint>
#include <vector>

namespace ackwire::dedupe {

struct SequenceRange {
  std::uint64_t low = 0, high = 0;  // both included
};

class SequenceRanges {
 public:
  /// More than this many are merged with their nearest neighbour.
  static constexpr std::size_t count_max = 16;

  void add(std::uint64_t sequence);
  void add(SequenceRange range);
  /// Sorted, disjoint.
  const std::vector<SequenceRange>& list() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  /// Requires: not empty.
  std::uint64_t highest() const { return ranges_.back().high; }

 private:
  std::vector<SequenceRange> ranges_;
};

}  // namespace ackwire::dedupe
