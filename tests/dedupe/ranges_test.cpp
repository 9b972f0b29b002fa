#include "dedupe/ranges.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace ackwire::dedupe {
namespace {

TEST(DedupeRanges, CoverEverySequenceAndStayFewSortedAndDisjoint) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    SequenceRanges ranges;
    std::set<std::uint64_t> sequences;
    std::uint64_t next = random() % 1'000'000;
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t sequence = random() % 3 == 0 ? random() % (1ull << (random() % 63 + 1)) : (next += random() % 9'000);
      ranges.add(sequence);
      sequences.insert(sequence);
      ASSERT_LE(ranges.list().size(), SequenceRanges::count_max);
    }
    for (std::size_t i = 1; i < ranges.list().size(); ++i) ASSERT_LT(ranges.list()[i - 1].high, ranges.list()[i].low);
    for (std::uint64_t sequence : sequences) {
      bool covered = false;
      for (const SequenceRange& range : ranges.list()) covered |= range.low <= sequence && sequence <= range.high;
      ASSERT_TRUE(covered) << sequence;
    }
    EXPECT_EQ(ranges.list().front().low, *sequences.begin());
    EXPECT_EQ(ranges.highest(), *sequences.rbegin());
  }
}

TEST(DedupeRanges, KeepRememberedSequencesApartFromNewOnes) {
  SequenceRanges ranges;
  for (std::uint64_t i = 1'000'000; i < 1'100'000; ++i) ranges.add(i);
  ranges.add(5);
  ASSERT_EQ(ranges.list().size(), 2u);
  EXPECT_EQ(ranges.list()[0].high, 5u);
  EXPECT_EQ(ranges.list()[1].low, 1'000'000u);
}

}  // namespace
}  // namespace ackwire::dedupe
