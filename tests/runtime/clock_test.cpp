#include "runtime/clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ackwire::test {

using engine::KeptTime;
using engine::MachineBoot;
using runtime::Clock;
using runtime::ClockReading;

namespace {

constexpr std::int64_t second = 1'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour, year = 365 * day;
constexpr std::int64_t start = 1'700'000'000'000;
constexpr std::int64_t steps[] = {second, hour, day, year};

Timestamp at(std::int64_t ms) { return Timestamp{Duration{ms}}; }

MachineBoot machine(char name) {
  MachineBoot boot;
  boot.fill(name);
  return boot;
}

/// A machine whose steady clock passes, and whose system clock somebody sets.
struct Machine {
  std::int64_t mono = 5 * minute, set_by = 0;
  char boot = 'a';
  Clock clock = started({});

  ClockReading reading() const { return {Duration{mono}, at(start + mono + set_by), machine(boot)}; }
  Clock started(const std::optional<KeptTime>& kept, bool accept_system = false) const { return {reading(), kept, accept_system}; }
  model::Now now() { return clock.at(Duration{mono}, at(start + mono + set_by)); }
  /// Broker time, `time` later, with a turn every `every`.
  std::int64_t pass(std::int64_t time, std::int64_t every = second) {
    std::int64_t last = now().wall.time_since_epoch().count();
    for (const std::int64_t end = mono + time; mono < end;) {
      mono += std::min(every, end - mono);
      const std::int64_t wall = now().wall.time_since_epoch().count();
      EXPECT_GE(wall, last) << "broker time went back";
      last = wall;
    }
    return last;
  }
  std::int64_t truth() const { return start + mono; }
  KeptTime kept() { return {now().wall, Duration{mono}, machine(boot)}; }
};

}  // namespace

TEST(BrokerClock, FollowsTheSystemClock) {
  Clock clock({Duration{0}, at(1'000'000), machine('a')}, {}, false);
  EXPECT_EQ(clock.at(Duration{500}, at(1'000'500)).wall, at(1'000'500));
  EXPECT_EQ(clock.at(Duration{500}, at(1'000'500)).mono, Duration{500});
  EXPECT_EQ(clock.offset(), Duration{0});
}

TEST(BrokerClock, CatchesUpAtTwiceTheSpeedAtMost) {
  Machine machine;
  machine.now();
  machine.set_by = minute;
  std::int64_t wall = machine.pass(second);
  EXPECT_EQ(wall, machine.truth() + second);
  EXPECT_EQ(machine.clock.offset(), Duration{59 * second});
  wall = machine.pass(minute);
  EXPECT_EQ(wall, machine.truth() + minute);
  EXPECT_EQ(machine.clock.offset(), Duration{0});
}

TEST(BrokerClock, GoesATenthSlowerWhenItIsAheadHoweverShortTheTurnsAre) {
  for (const std::int64_t every : {std::int64_t{1}, std::int64_t{7}, second, minute}) {
    Machine machine;
    machine.now();
    machine.set_by = -minute;
    const std::int64_t wall = machine.pass(5 * minute, every);
    EXPECT_NEAR(static_cast<double>(wall), static_cast<double>(machine.truth() - 30 * second), 10.0);
    machine.pass(6 * minute, every);
    EXPECT_EQ(machine.clock.offset(), Duration{0}) << every;
  }
}

// Whatever the system's clock is set to, broker time passes like true time while the mistake is new.
TEST(BrokerClock, AStepThatIsTakenBackWithinTheHoldDoesNothing) {
  for (const std::int64_t step : {hour, day, year, 10 * year}) {
    for (const int way : {1, -1}) {
      Machine machine;
      machine.pass(minute);
      machine.set_by = way * step;
      std::int64_t wall = machine.pass(9 * minute);
      EXPECT_EQ(wall, machine.truth());
      EXPECT_EQ(machine.clock.offset(), Duration{way * step}) << "shown";
      machine.set_by = 0;
      wall = machine.pass(day, minute);
      EXPECT_EQ(wall, machine.truth());
      EXPECT_EQ(machine.clock.offset(), Duration{0});
    }
  }
}

TEST(BrokerClock, AStepForwardThatStaysIsCaughtUpInItsOwnLength) {
  for (const std::int64_t step : {hour, day}) {
    Machine machine;
    machine.pass(minute);
    machine.set_by = step;
    machine.pass(Clock::hold.count());
    EXPECT_NEAR(static_cast<double>(machine.clock.offset().count()), static_cast<double>(step), 2.0 * second);
    machine.pass(step, minute);
    const std::int64_t wall = machine.pass(minute);
    EXPECT_EQ(wall, machine.truth() + step);
    EXPECT_EQ(machine.clock.offset(), Duration{0});
  }
}

TEST(BrokerClock, AStepBackThatStaysIsMadeUpInTenTimesItsLength) {
  for (const std::int64_t step : {hour, day}) {
    Machine machine;
    machine.pass(minute);
    machine.set_by = -step;
    machine.pass(Clock::hold.count() + 10 * step + minute, minute);
    EXPECT_EQ(machine.clock.offset(), Duration{0});
  }
}

TEST(BrokerClock, EachNewStepIsHeldAnew) {
  Machine machine;
  machine.pass(minute);
  machine.set_by = day;
  machine.pass(Clock::hold.count() + hour, minute);  // an hour of it is caught up
  machine.set_by = -day;
  const std::int64_t before = machine.now().wall.time_since_epoch().count();
  EXPECT_EQ(machine.pass(9 * minute, minute), before + 9 * minute);
}

TEST(BrokerClock, ARestartOfTheBrokerAloneMovesNothingWhateverTheSystemClockSays) {
  for (const std::int64_t step : steps) {
    for (const int way : {1, -1}) {
      Machine machine;
      machine.pass(minute);
      const KeptTime kept = machine.kept();
      machine.mono += 3 * hour;  // it was down, on the same start of the machine
      machine.set_by = way * step;
      machine.clock = machine.started(kept);
      EXPECT_EQ(machine.now().wall, at(machine.truth()));
      EXPECT_EQ(machine.clock.offset(), Duration{way * step});
    }
  }
}

TEST(BrokerClock, AfterARestartOfTheMachineItIsNeverBehindTheStore) {
  for (const std::int64_t step : steps) {
    Machine machine;
    machine.pass(day, hour);
    const KeptTime kept = machine.kept();
    machine.boot = 'b';
    machine.set_by = -step;
    machine.clock = machine.started(kept);
    EXPECT_EQ(machine.now().wall, kept.wall);
    EXPECT_GT(machine.pass(9 * minute) - kept.wall.time_since_epoch().count(), 8 * minute) << "time passes all the same";
  }
}

TEST(BrokerClock, AfterARestartOfTheMachineTheTimeItWasDownHasPassed) {
  Machine machine;
  machine.pass(minute);
  const KeptTime kept = machine.kept();
  machine.boot = 'b';
  machine.mono += 3 * day;
  machine.clock = machine.started(kept);
  EXPECT_EQ(machine.now().wall, at(machine.truth()));
}

// The ordinary route: the broker starts before the time is known, then time sync sets the clock.
TEST(BrokerClock, AClockThatIsADayBehindAtTheStartAndThenSetComesToAgree) {
  Machine machine;
  machine.pass(day, hour);
  const KeptTime kept = machine.kept();
  machine.boot = 'b';
  machine.mono += hour;
  machine.set_by = -day;
  machine.clock = machine.started(kept);
  machine.pass(minute);
  machine.set_by = 0;
  machine.pass(Clock::hold.count() + hour, minute);
  const std::int64_t wall = machine.pass(minute);
  EXPECT_EQ(wall, machine.truth());
}

TEST(BrokerClock, AnOperatorCanSayThatTheSystemClockIsRight) {
  for (const std::int64_t step : steps) {
    Machine machine;
    machine.pass(minute);
    const KeptTime kept = machine.kept();
    machine.set_by = step;
    machine.clock = machine.started(kept, true);
    EXPECT_EQ(machine.now().wall, at(machine.truth() + step));
    machine.set_by = -step;
    machine.clock = machine.started(kept, true);
    EXPECT_EQ(machine.now().wall, at(machine.truth())) << "never back";
  }
}

// What keeps the time may be from before the machine's steady clock began, or of a machine that does not name its starts.
TEST(BrokerClock, ASteadyClockThatCannotBeComparedIsNotBelieved) {
  Machine machine;
  machine.pass(minute);
  KeptTime kept = machine.kept();
  kept.mono += Duration{hour};
  EXPECT_EQ(machine.started(kept).at(Duration{machine.mono}, at(machine.truth())).wall, at(machine.truth()));
  kept = machine.kept();
  kept.machine_boot = {};
  ClockReading unnamed = machine.reading();
  unnamed.machine_boot = {};
  unnamed.system += Duration{hour};
  EXPECT_EQ(Clock(unnamed, kept, false).at(unnamed.mono, unnamed.system).wall, unnamed.system);
}

}  // namespace ackwire::test
