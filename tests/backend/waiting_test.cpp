// The one form of waiting.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ackwire/waiting.hpp"

namespace ackwire {
namespace {

using namespace std::chrono_literals;

class Waiting : public testing::Test {
 protected:
  bool wait(const Wait& wait) {
    std::unique_lock lock(mutex);
    return wait.on(changed, lock, [&] { return done; });
  }
  void finish() {
    const std::lock_guard lock(mutex);
    done = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

TEST_F(Waiting, EndsWithWhatItWaitsFor) {
  std::thread other([&] { finish(); });
  EXPECT_TRUE(wait(Wait{1h}));
  other.join();
}

TEST_F(Waiting, EndsAtItsDeadline) {
  const Wait limit{20ms};
  EXPECT_FALSE(wait(limit));
  EXPECT_GE(Wait::Clock::now(), limit.deadline());
  EXPECT_GE(limit.passed(), 20ms);
}

TEST_F(Waiting, ALongWaitDoesNotOverflowTheClock) { EXPECT_GT(Wait{Duration::max()}.deadline(), Wait::Clock::now() + 24h); }

TEST_F(Waiting, EndsWhenItsThreadDoesNotWantToWaitAnyMore) {
  int asked = 0;
  const WaitingScope scope([&] { return ++asked < 3; }, 1ms);
  EXPECT_FALSE(wait(Wait{1h}));
  EXPECT_EQ(asked, 3);
}

TEST_F(Waiting, IsAskedWithTheLockReleasedAndSeesWhatHappenedMeanwhile) {
  const WaitingScope scope(
      [&] {
        finish();
        return false;
      },
      1ms);
  EXPECT_TRUE(wait(Wait{1h})) << "it happened before the wait was given up";
}

TEST_F(Waiting, AtOnceIsAskedBeforeTheFirstSleepAndOnlyThen) {
  int asked = 0;
  const WaitingScope scope([&] { return ++asked > 0; }, Duration::max(), true);
  EXPECT_FALSE(wait(Wait{20ms}));
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(wait(Wait{0ms})) << "a call that may not sleep asks nobody";
  EXPECT_EQ(asked, 1);
}

TEST_F(Waiting, WhatIsTrueAlreadyNeedsNoQuestion) {
  int asked = 0;
  const WaitingScope scope([&] { return ++asked < 0; }, 1ms, true);
  finish();
  EXPECT_TRUE(wait(Wait{0ms}));
  EXPECT_EQ(asked, 0);
}

TEST_F(Waiting, ScopesNestAndBelongToTheirThread) {
  std::atomic<int> outer{0}, inner{0};
  const WaitingScope outside([&] { return ++outer < 0; }, 1ms);
  {
    const WaitingScope inside([&] { return ++inner < 0; }, 1ms);
    EXPECT_FALSE(wait(Wait{1h}));
  }
  EXPECT_EQ(inner, 1);
  EXPECT_EQ(outer, 0);
  EXPECT_FALSE(wait(Wait{1h}));
  EXPECT_EQ(outer, 1);
  std::thread other([&] { EXPECT_FALSE(wait(Wait{5ms})); });
  other.join();
  EXPECT_EQ(outer, 1) << "another thread's waits are its own";
}

}  // namespace
}  // namespace ackwire
