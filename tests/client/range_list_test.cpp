#include "client/range_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace ackwire::client {
namespace {

using Ranges = std::vector<std::vector<std::uint64_t>>;

Ranges taken(RangeList& list) {
  Ranges all;
  for (const model::SettleRange& range : list.take()) all.push_back({range.first_sequence, range.count, range.delivery});
  return all;
}

TEST(RangeListTest, NeighboursOfOneDeliveryAreOneRange) {
  RangeList list;
  for (const std::uint64_t sequence : {1, 2, 3, 5, 6}) list.add(sequence, 1);
  list.add(7, 2);
  EXPECT_EQ(list.messages(), 6u);
  EXPECT_EQ(taken(list), (Ranges{{1, 3, 1}, {5, 2, 1}, {7, 1, 2}}));
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.messages(), 0u);
}

TEST(RangeListTest, AnyOrderGivesTheSameRanges) {
  std::vector<std::uint64_t> sequences(10'000);
  for (std::size_t i = 0; i < sequences.size(); ++i) sequences[i] = i + 1;
  std::shuffle(sequences.begin(), sequences.end(), std::mt19937_64{7});
  RangeList list;
  for (const std::uint64_t sequence : sequences) list.add(sequence, 1);
  EXPECT_EQ(taken(list), (Ranges{{1, 10'000, 1}}));
}

TEST(RangeListTest, ADeliveryGivenTwiceCountsOnce) {
  RangeList list;
  list.add(4, 1);
  list.add(4, 1);
  list.add(3, 3, 1);
  list.add(4, 2);
  EXPECT_EQ(taken(list), (Ranges{{3, 3, 1}, {4, 1, 2}}));
}

TEST(RangeListTest, CanBeUsedAgain) {
  RangeList list;
  list.add(9, 1);
  list.add(1, 1);
  list.clear();
  EXPECT_TRUE(list.empty());
  list.add(2, 1);
  EXPECT_EQ(taken(list), (Ranges{{2, 1, 1}}));
}

}  // namespace
}  // namespace ackwire::client
