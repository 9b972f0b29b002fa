// How much a consumer reads ahead, over times that the test makes.
#include "client/read_ahead.hpp"

#include <gtest/gtest.h>

namespace ackwire::test {
namespace {

using client::Clock;
using client::ReadAhead;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// An application that takes one message after the other, each in `each`; returns the window at the end.
std::uint32_t after(ReadAhead& read_ahead, Clock::time_point& now, Clock::duration each, int messages) {
  for (int i = 0; i < messages; ++i) {
    now += each;
    read_ahead.took(1, now);
  }
  return read_ahead.window(1);
}

TEST(ReadAhead, BeginsSmall) {
  EXPECT_EQ(ReadAhead(256, 1).window(0), 2u);
  EXPECT_EQ(ReadAhead(256, 8).window(0), 9u);
  EXPECT_EQ(ReadAhead(1, 1).window(0), 1u);
}

TEST(ReadAhead, FollowsTheSpeedOfTheApplication) {
  ReadAhead read_ahead(256, 1);
  Clock::time_point now{};
  EXPECT_EQ(after(read_ahead, now, microseconds(10), 2'000), 256u);  // never over the credit
  EXPECT_LE(after(read_ahead, now, milliseconds(10), 500), 12u);
  EXPECT_GE(after(read_ahead, now, milliseconds(10), 500), 8u);
  EXPECT_EQ(after(read_ahead, now, milliseconds(1'000), 20), 2u);
  EXPECT_EQ(after(read_ahead, now, microseconds(10), 2'000), 256u);
}

TEST(ReadAhead, ABatchIsAskedForWhole) {
  ReadAhead read_ahead(1'000, 1);
  read_ahead.asked(100);
  EXPECT_EQ(read_ahead.window(0), 101u);
  EXPECT_EQ(read_ahead.window(100), 200u);  // the next one while this one is worked on
  read_ahead.asked(5'000);
  EXPECT_EQ(read_ahead.window(0), 1'000u);
}

TEST(ReadAhead, WhoGathersMessagesGetsThemAllUpToTheCredit) {
  ReadAhead read_ahead(100, 1);
  std::uint32_t told = read_ahead.window(0), frames = 0;
  for (std::uint32_t open = 0; open < 100; ++open) {
    if (const auto change = read_ahead.change(open, told)) {
      told = *change;
      ++frames;
    }
    ASSERT_GT(told, open);
  }
  EXPECT_EQ(told, 100u);
  EXPECT_LE(frames, 14u);
}

TEST(ReadAhead, ALowerCreditIsToldAtOnce) {
  ReadAhead read_ahead(100, 1);
  read_ahead.set_credit(0);
  EXPECT_EQ(read_ahead.change(5, 2), 0u);
  read_ahead.set_credit(100);
  EXPECT_EQ(read_ahead.change(0, 0), 2u);
}

TEST(ReadAhead, WhatWentBackIsNotAskedForAgain) {
  ReadAhead read_ahead(256, 1);
  Clock::time_point now{};
  after(read_ahead, now, milliseconds(1), 500);
  const std::uint32_t before = read_ahead.window(1);
  read_ahead.gave_back(40);
  EXPECT_EQ(read_ahead.window(1), before - 40);
  read_ahead.gave_back(1'000);
  EXPECT_EQ(read_ahead.window(1), 2u);
}

}  // namespace
}  // namespace ackwire::test
