#include "client/outcomes.hpp"

#include <gtest/gtest.h>

namespace ackwire::client {
namespace {

using model::SettleKind;
constexpr Outcome acked{SettleKind::ack, false}, stale{{}, true};

TEST(Outcomes, NeighboursAreOneAndTheFirstOutcomeStands) {
  Outcomes outcomes;
  for (std::uint64_t sequence = 1; sequence <= 10'000; ++sequence) outcomes.add(7, {sequence, 1, 1}, acked);
  outcomes.add(7, {5'000, 1, 2}, stale);
  outcomes.add(7, {1, 1, 1}, stale);
  EXPECT_EQ(outcomes.find(7, 1, 1), acked);
  EXPECT_EQ(outcomes.find(7, 10'000, 1), acked);
  EXPECT_EQ(outcomes.find(7, 5'000, 2), stale);
  EXPECT_FALSE(outcomes.find(7, 10'001, 1));
  EXPECT_FALSE(outcomes.find(8, 1, 1));
  EXPECT_FALSE(outcomes.find(7, 1, 3));
  EXPECT_FALSE(outcomes.find(7, 0, 1));
}

TEST(Outcomes, AnAnswerWithStaleRangesIsToldApart) {
  Outcomes outcomes;
  outcomes.answered(7, SettleKind::ack, {{10, 10, 1}}, {{12, 2, 1}, {19, 1, 1}});
  for (std::uint64_t sequence = 10; sequence < 20; ++sequence) {
    const bool lost = sequence == 12 || sequence == 13 || sequence == 19;
    EXPECT_EQ(outcomes.find(7, sequence, 1), lost ? stale : acked) << sequence;
  }
  outcomes.answered(7, SettleKind::extend, {{30, 1, 1}}, {});
  EXPECT_FALSE(outcomes.find(7, 30, 1));
}

TEST(Outcomes, TheOldestAreForgottenAndMemoryIsBounded) {
  Outcomes outcomes;
  for (std::uint64_t sequence = 2; sequence <= 4 * Outcomes::kept; sequence += 2) outcomes.add(7, {sequence, 1, 1}, acked);
  EXPECT_FALSE(outcomes.find(7, 2, 1));
  EXPECT_EQ(outcomes.find(7, 4 * Outcomes::kept, 1), acked);
  EXPECT_EQ(outcomes.find(7, 2 * Outcomes::kept + 2, 1), acked);
  EXPECT_FALSE(outcomes.find(7, 2 * Outcomes::kept, 1));
}

}  // namespace
}  // namespace ackwire::client
