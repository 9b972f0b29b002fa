// Guarantee I14: a key is remembered while its message is not final and for a window after; then it goes, and only by age.
#include <chrono>

#include "dedupe/turns.hpp"

namespace ackwire::dedupe {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::uint64_t keys = 17'000;

/// A sealed run of `keys` keys, sequences 1 .. keys.
class DedupeForget : public testing::Test {
 protected:
  void SetUp() override {
    for (std::uint64_t i = 1; i <= keys; ++i) turns.add(key_of(i), i);
    turns.settle();
  }
  void pass(Duration time) {
    turns.now += time;
    turns.settle();
  }
  Turns turns;
};

TEST_F(DedupeForget, NothingLeavesWhileMessagesMayStillBeSettled) {
  pass(hours(1'000));
  EXPECT_EQ(turns.dedupe->size(), keys);
}

TEST_F(DedupeForget, ARunLeavesOneWindowAfterItsMessagesBecameFinal) {
  pass(hours(5));
  turns.final_below = keys + 1;
  turns.settle();
  pass(minutes(10) - Duration(1));
  EXPECT_EQ(turns.dedupe->size(), keys);
  EXPECT_TRUE(turns.find(key_of(1)));
  pass(Duration(1));
  EXPECT_EQ(turns.dedupe->size(), 0u);
  EXPECT_FALSE(turns.find(key_of(1)));
  EXPECT_EQ(turns.rows(), 0u);
}

TEST_F(DedupeForget, TheTimeOfBeingFinalSurvivesARestart) {
  turns.final_below = keys + 1;
  turns.settle();
  turns.now += minutes(9);
  turns.open();
  turns.settle();
  EXPECT_EQ(turns.dedupe->size(), keys);
  pass(minutes(1));
  EXPECT_EQ(turns.dedupe->size(), 0u);
}

TEST_F(DedupeForget, DelayedAndDeadMessagesAreRememberedAnewBeforeTheirRunGoes) {
  const DedupeEntry pinned{key_of(77), 77, 1};
  bool dead = true;
  turns.pinned = [&](std::uint64_t low, std::uint64_t high) {
    return dead && low <= 77 && 77 <= high ? std::vector<DedupeEntry>{pinned} : std::vector<DedupeEntry>{};
  };
  turns.final_below = keys + 1;
  turns.settle();
  for (int i = 0; i < 50; ++i) pass(minutes(10));
  turns.open();
  ASSERT_TRUE(turns.find(key_of(77)));
  EXPECT_EQ(turns.find(key_of(77))->sequence, 77u);
  EXPECT_FALSE(turns.find(key_of(78)));
  EXPECT_LE(turns.dedupe->size(), 4u);
  dead = false;  // final now: one window more, then it goes too
  pass(minutes(10) - Duration(1));
  EXPECT_TRUE(turns.find(key_of(77)));
  for (int i = 0; i < 6; ++i) pass(minutes(10));
  EXPECT_FALSE(turns.find(key_of(77)));
  EXPECT_EQ(turns.dedupe->size(), 0u);
}

TEST_F(DedupeForget, AMessageThatBecameFinalLateInTheWindowStaysAWindowLonger) {
  bool delayed = true;
  turns.pinned = [&](std::uint64_t low, std::uint64_t high) {
    return delayed && low <= 5 && 5 <= high ? std::vector<DedupeEntry>{{key_of(5), 5, 1}} : std::vector<DedupeEntry>{};
  };
  turns.final_below = keys + 1;
  turns.settle();
  pass(minutes(10) - Duration(1));
  delayed = false;  // acked just before the run leaves
  for (int minute = 0; minute < 9; ++minute) {
    pass(minutes(1));
    ASSERT_TRUE(turns.find(key_of(5))) << minute;
  }
}

TEST_F(DedupeForget, AGroupThatBeginsAtTheOldestMessageKeepsTheRun) {
  turns.final_below = keys + 1;
  turns.settle();
  pass(minutes(9));
  turns.final_below = 10;  // the new group may settle them all again
  turns.settle();
  turns.open();
  pass(hours(10));
  EXPECT_EQ(turns.dedupe->size(), keys);
  turns.final_below = keys + 1;
  turns.settle();
  pass(minutes(10) - Duration(1));
  EXPECT_EQ(turns.dedupe->size(), keys);
  pass(Duration(1));
  EXPECT_EQ(turns.dedupe->size(), 0u);
}

TEST_F(DedupeForget, TheWindowMayChangeAtAnyTime) {
  turns.final_below = keys + 1;
  turns.settle();
  turns.window = hours(24);
  pass(hours(23));
  EXPECT_EQ(turns.dedupe->size(), keys);
  turns.window = Duration(0);
  turns.settle();
  EXPECT_EQ(turns.dedupe->size(), 0u);
}

TEST_F(DedupeForget, ARunIsDroppedInSlicesAndACrashThereLosesNothingElse) {
  turns.final_below = keys + 1;
  turns.add(key_of(90'000), 90'000);
  turns.settle();
  turns.now += minutes(10);
  turns.commit();
  int steps = 0;
  while (turns.dedupe->size() > 10) {
    turns.write();
    turns.crash();
    ASSERT_TRUE(turns.find(key_of(90'000)));
    turns.commit();
    ASSERT_LT(++steps, 100);
  }
  turns.settle();
  EXPECT_LE(turns.rows(), 3u);
  turns.open();
  EXPECT_TRUE(turns.find(key_of(90'000)));
}

TEST(DedupeForgetSlow, AQueueWithFewKeysForgetsToo) {
  Turns turns;
  turns.window = minutes(1);
  turns.add(key_of(1), 1);
  turns.commit();
  turns.final_below = 2;
  turns.settle();
  int wakeups = 0;
  while (turns.dedupe->next_due()) {
    turns.now = std::max(turns.now, *turns.dedupe->next_due());
    turns.settle();
    ASSERT_LT(++wakeups, 10);
  }
  EXPECT_EQ(turns.dedupe->size(), 0u);
  EXPECT_EQ(turns.rows(), 0u);
  EXPECT_LE(turns.now - Timestamp(Duration(1'000'000'000)), minutes(2));
}

TEST(DedupeForgetSlow, ManyPinnedMessagesAreListedInSlices) {
  Turns turns;
  constexpr std::uint64_t many = 20'000;
  std::uint64_t widest = 0;
  for (std::uint64_t i = 1; i <= many; ++i) turns.add(key_of(i), i);
  turns.pinned = [&](std::uint64_t low, std::uint64_t high) {
    std::vector<DedupeEntry> list;
    for (std::uint64_t i = low; i <= std::min(high, many); ++i) list.push_back({key_of(i), i, 1});
    widest = std::max<std::uint64_t>(widest, list.size());
    return list;
  };
  turns.settle();
  turns.final_below = many + 1;
  for (int i = 0; i < 20; ++i) {
    turns.now += minutes(3);
    turns.settle();
    for (std::uint64_t key = 1; key <= many; key += 101) ASSERT_EQ(turns.find(key_of(key))->sequence, key);
  }
  EXPECT_LE(widest, 4'096u);
  EXPECT_LE(turns.dedupe->size(), 3 * many);
}

}  // namespace
}  // namespace ackwire::dedupe
