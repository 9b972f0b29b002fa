#include "runtime/clock.hpp"

#include <gtest/gtest.h>

namespace ackwire::test {

using runtime::Clock;

Timestamp at(std::int64_t ms) { return Timestamp{Duration{ms}}; }

TEST(BrokerClock, FollowsTheSystemClock) {
  Clock clock(Duration{0}, at(1'000'000));
  EXPECT_EQ(clock.at(Duration{500}, at(1'000'500)).wall, at(1'000'500));
  EXPECT_EQ(clock.at(Duration{500}, at(1'000'500)).mono, Duration{500});
}

TEST(BrokerClock, NeverGoesBack) {
  Clock clock(Duration{0}, at(1'000'000));
  Timestamp last = at(0);
  for (int i = 1; i <= 100; ++i) {
    const auto now = clock.at(Duration{i * 10}, at(1'000'000 - 60'000 + i * 10));  // set back by a minute
    EXPECT_GE(now.wall, last);
    last = now.wall;
  }
}

TEST(BrokerClock, CatchesUpAtTwiceTheSpeedAtMost) {
  Clock clock(Duration{0}, at(1'000'000));
  const auto first = clock.at(Duration{1'000}, at(1'000'000 + 61'000));  // set forward by a minute
  EXPECT_EQ(first.wall, at(1'002'000));
  Timestamp wall = first.wall;
  for (int i = 2; i <= 70; ++i) wall = clock.at(Duration{i * 1'000}, at(1'060'000 + i * 1'000)).wall;
  EXPECT_EQ(wall, at(1'130'000));
}

TEST(BrokerClock, DoesNotFollowAJump) {
  Clock clock(Duration{0}, at(1'000'000));
  const auto year = std::int64_t{365} * 86'400'000;
  const auto now = clock.at(Duration{1'000}, at(1'000'000 + 10 * year));
  EXPECT_EQ(now.wall, at(1'001'000));
  EXPECT_TRUE(clock.frozen());
  clock.at(Duration{2'000}, at(1'002'000));
  EXPECT_FALSE(clock.frozen());
}

}  // namespace ackwire::test
