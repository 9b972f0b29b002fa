// What depends on broker time, with the broker's own clock over a system clock that is wrong: delays, time to live, backoff, the
// dedupe window, history and released messages; at run time and across restarts.
#include "broker_world.hpp"
#include "runtime/clock.hpp"

namespace ackwire::test {

using runtime::Clock;
using runtime::ClockReading;

namespace {

constexpr std::int64_t second = 1'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour, year = 365 * day;

class BrokerTime : public BrokerWorld {
 protected:
  void SetUp() override { begin(); }

  ClockReading reading() const {
    ClockReading reading;
    reading.mono = Duration{mono_};
    reading.system = Timestamp{Duration{truth_ + set_by_}};
    reading.machine_boot.fill(machine_);
    return reading;
  }
  void look() { wall_ = clock_->at(Duration{mono_}, Timestamp{Duration{truth_ + set_by_}}).wall.time_since_epoch().count(); }
  /// A broker begins, as runtime/turn.cpp does it.
  void begin() {
    const auto kept = engine::kept_time(*store_);
    ASSERT_TRUE(kept.ok());
    const ClockReading now = reading();
    clock_.emplace(now, *kept, false);
    look();
    options_.machine_boot = now.machine_boot;
    start();
  }
  void end() {
    engine_.reset();
    store_->crash();
  }
  void restart_broker() {
    end();
    begin();
  }
  void restart_machine() {
    end();
    ++machine_;
    mono_ = 20 * second;
    begin();
  }
  /// True time passes, with a turn every so often.
  void live(std::int64_t time, std::int64_t every = second) {
    for (std::int64_t left = time; left > 0; left -= every) {
      mono_ += std::min(every, left);
      truth_ += std::min(every, left);
      look();
      idle();
    }
  }
  Message waiting(std::int64_t delay, std::int64_t ttl = 0) {
    Message message;
    message.body = "x";
    message.delay = Duration{delay};
    message.ttl = Duration{ttl};
    return message;
  }
  QueuePolicy policy() {
    QueuePolicy policy;
    policy.backoff = {Duration{10 * second}, 1.0, Duration{10 * second}, 0.0};
    policy.dedupe_window = Duration{hour};
    return policy;
  }
  /// Everything that waits for a time, an hour of margin on either side of a step that is not followed.
  void fill() {
    make_queue(policy());
    ASSERT_TRUE(publish({waiting(2 * minute)}).ok());      // 1
    ASSERT_TRUE(publish({waiting(0, 30 * minute)}).ok());  // 2
    ASSERT_TRUE(publish({waiting(0)}).ok());               // 3, to be nacked
    ASSERT_TRUE(publish({waiting(0)}).ok());               // 4, to be released
    ASSERT_TRUE(publish("body", "key").ok());              // 5
    subscribe(alice);
    const auto got = take(alice);
    ASSERT_EQ(got.size(), 4u);
    settle(alice, model::SettleKind::release, {got[2].token()}, -1, "");
    take(alice);
    nack(alice, got[1]);
    end_session(alice);
    idle();
  }
  /// Nothing came early and nothing is stuck: what fill() left, seen from a true clock.
  void expect_unmoved(const std::string& when) {
    SCOPED_TRACE(when);
    idle();
    GroupInfo now = group();
    EXPECT_EQ(now.dead, 0u) << "nothing expired";
    EXPECT_EQ(now.delayed, 2u) << "the delayed message and the one in its backoff";
    EXPECT_EQ(now.ready, 3u) << "what was released is ready, whatever a clock says";
    live(11 * second);
    EXPECT_EQ(group().delayed, 1u) << "the backoff is over after its time";
    live(100 * second);
    EXPECT_EQ(group().delayed, 1u) << "not early";
    live(20 * second);
    EXPECT_EQ(group().delayed, 0u) << "the delay is over after its time";
    EXPECT_TRUE((*publish("body", "key"))[0].duplicate) << "within the window";
    expect_conserved();
  }

  std::int64_t truth_ = 1'700'000'000'000, set_by_ = 0;
  char machine_ = 'a';
  std::optional<Clock> clock_;
};

struct Step {
  const char* name;
  std::int64_t size;
};
constexpr Step steps[] = {{"an hour", hour}, {"a day", day}, {"a year", year}, {"ten years", 10 * year}};

}  // namespace

TEST_F(BrokerTime, I10_AStepAtRunTimeMovesNothing) {
  for (const Step& step : steps) {
    for (const int way : {1, -1}) {
      store_ = store::MemoryStore::make(1);
      set_by_ = 0;
      begin();
      fill();
      set_by_ = way * step.size;
      live(second);
      expect_unmoved(std::string(step.name) + (way > 0 ? " forward" : " back"));
      set_by_ = 0;
      live(second);
      EXPECT_EQ(clock_->offset(), Duration{0});
    }
  }
}

TEST_F(BrokerTime, I10_ASecondIsFollowedAndMovesNothingByMore) {
  for (const int way : {1, -1}) {
    store_ = store::MemoryStore::make(1);
    set_by_ = 0;
    begin();
    fill();
    set_by_ = way * second;
    live(way > 0 ? second : 10 * second, 100);
    EXPECT_EQ(clock_->offset(), Duration{0});
    EXPECT_EQ(group().dead, 0u);
    live(115 * second);
    EXPECT_EQ(group().delayed, 0u + (way < 0 ? 0u : 1u));
    live(5 * second);
    EXPECT_EQ(group().delayed, 0u);
  }
}

TEST_F(BrokerTime, I10_ARestartWithAWrongClockMovesNothing) {
  for (const Step& step : steps) {
    for (const int way : {1, -1}) {
      store_ = store::MemoryStore::make(1);
      set_by_ = 0;
      begin();
      fill();
      set_by_ = way * step.size;
      restart_broker();
      expect_unmoved(std::string(step.name) + (way > 0 ? " forward" : " back"));
    }
  }
}

// The steady clock began anew, so what the machine says counts, unless it is behind what was: then broker time goes on from there.
TEST_F(BrokerTime, I10_AMachineThatStartsWithAnOlderClockMovesNothing) {
  for (const Step& step : steps) {
    store_ = store::MemoryStore::make(1);
    set_by_ = 0;
    begin();
    fill();
    set_by_ = -step.size;
    restart_machine();
    expect_unmoved(std::string(step.name) + " back");
  }
}

TEST_F(BrokerTime, I10_TheTimeThatAMachineWasOffHasPassed) {
  fill();
  truth_ += 3 * minute;
  restart_machine();
  idle();
  EXPECT_EQ(group().delayed, 0u);
  EXPECT_EQ(group().dead, 0u);
  truth_ += hour;
  restart_machine();
  subscribe(alice);
  live(second);
  EXPECT_EQ(group().dead, 1u) << "its time to live passed while nobody served it";
}

// Published while the clock was a day ahead; then the clock is set right, and the broker or the machine is started again.
TEST_F(BrokerTime, I10_WhatWasWrittenWithAClockAheadGoesOnByItself) {
  for (const bool machine : {false, true}) {
    store_ = store::MemoryStore::make(1);
    set_by_ = day;
    begin();
    fill();
    set_by_ = 0;
    machine ? restart_machine() : restart_broker();
    expect_unmoved(machine ? "machine" : "broker");
    ASSERT_TRUE(std::holds_alternative<model::Purged>(ask(model::Purge{"orders"})));  // a key stays while its message does
    live(200 * minute, minute);
    const auto again = publish("other body", "key");
    ASSERT_TRUE(again.ok()) << "the key is forgotten after its window: " << again.error().message;
    EXPECT_FALSE((*again)[0].duplicate);
  }
}

TEST_F(BrokerTime, I10_AStepForwardThatStaysExpiresNothingInBulk) {
  make_queue(policy());
  live(5 * minute);
  ASSERT_TRUE(publish({waiting(0, 40 * minute)}).ok());
  set_by_ = day;
  live(24 * minute, 10 * second);
  EXPECT_EQ(group().dead, 0u) << "ten minutes as ever, then twice as fast: never less than half of its time";
  live(2 * day, minute);
  EXPECT_EQ(group().dead, 1u);
  EXPECT_EQ(clock_->offset(), Duration{0});
}

TEST_F(BrokerTime, I10_HistoryGoesOnInOrderWhateverTheClockSays) {
  make_queue(policy());
  for (const std::int64_t by : {std::int64_t{0}, -year, hour, -day, year, std::int64_t{0}}) {
    set_by_ = by;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(publish("x").ok());
      live(second);
    }
    restart_broker();
  }
  const auto samples = std::get<std::vector<Sample>>(ask(model::GetHistory{"orders", Resolution::second, {}}));
  ASSERT_GE(samples.size(), 12u);
  std::uint64_t published = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    published += samples[i].published;
    if (i > 0) {
      EXPECT_GT(samples[i].time, samples[i - 1].time);
    }
  }
  EXPECT_LE(samples.back().time - samples.front().time, std::chrono::minutes(1));
  EXPECT_GE(published, 12u);
}

TEST_F(BrokerTime, I10_TheStoreKeepsTheTimeOnceAMinuteWhileSomethingWaits) {
  make_queue(policy());
  ASSERT_TRUE(publish({waiting(hour)}).ok());
  for (int i = 0; i < 30; ++i) {
    const auto next = engine_->next_wakeup();
    ASSERT_TRUE(next.has_value());
    ASSERT_LE(*next, Duration{mono_ + minute}) << "a broker at rest wakes for it";
    const std::int64_t pause = std::max<std::int64_t>(next->count() - mono_, 1);
    live(pause, pause);
    const auto kept = engine::kept_time(*store_);
    ASSERT_TRUE(kept.ok() && *kept);
    EXPECT_LE((clock_->at(Duration{mono_}, reading().system).wall - (*kept)->wall), std::chrono::minutes(1));
  }
}

TEST_F(BrokerTime, ReleasedAndRedrivenMessagesHaveNoTimeToWaitFor) {
  make_queue(policy());
  ASSERT_TRUE(publish("a").ok());
  ASSERT_TRUE(publish("b").ok());
  subscribe(alice);
  auto got = take(alice);
  settle(alice, model::SettleKind::reject, {got[1].token()}, -1, "no");
  ASSERT_TRUE(
      std::holds_alternative<model::Moved>(ask(model::MoveDead{model::DeadAction::redrive, "orders", "default", {}, 0, 0})));
  end_session(alice);
  idle();
  // Even a broker without any clock at all, which the product never is, hands them out.
  wall_ = 10;
  engine_.reset();
  start();
  subscribe(bob);
  idle();
  EXPECT_EQ(take(bob).size(), 2u);
}

// Rows that wait for nothing all have the same due time: a start must not count them all in one turn.
TEST_F(BrokerTime, ManyReleasedMessagesAreCountedAPartATurn) {
  options_.sweep_messages = 50;
  begin();
  make_queue(policy());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(publish(std::vector<Message>(20, waiting(0))).ok());
  }
  subscribe(alice, 1'000);
  idle_until_quiet();
  std::vector<model::SettleRange> all;
  for (const Got& got : take(alice)) all.push_back(got.token());
  ASSERT_EQ(all.size(), 400u);
  settle(alice, model::SettleKind::release, all, -1, "");
  end_session(alice);
  restart_broker();
  idle();
  const GroupInfo part = group();
  EXPECT_LE(part.ready, 200u);
  idle_until_quiet();
  EXPECT_EQ(group().ready, 400u);
  EXPECT_EQ(group().delayed, 0u);
  subscribe(bob, 1'000);
  idle_until_quiet();
  std::size_t handed = take(bob).size();
  EXPECT_EQ(handed, 400u);
}

TEST_F(BrokerTime, ADamagedRowOfTheTimeOrOfBootEpochsIsNamedAndDoneWithout) {
  fill();
  const std::uint64_t epoch = engine_->boot_epoch();
  const std::int64_t began = wall_;
  live(minute);
  end();
  for (const char* key : {"T", "L"}) {
    auto tx = store_->begin();
    (*tx)->put(store::Table::state, key, "not what was written");
    ASSERT_TRUE((*tx)->commit().ok());
  }
  const auto report = engine::verify(*store_);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems.size(), 2u);
  set_by_ = -day;
  begin();
  EXPECT_GE(wall_, began) << "not behind its last start";
  EXPECT_GT(engine_->boot_epoch(), epoch);
  EXPECT_TRUE(engine_->knows_life(epoch));
}

// -- boot epochs ----------------------------------------------------------------------------------------------------------

TEST_F(BrokerTime, ABootEpochIsAboveTheWallClockInSecondsAndAboveEveryOneBefore) {
  std::uint64_t last = 0;
  for (const std::int64_t by : {std::int64_t{0}, -day, year, -10 * year, std::int64_t{0}}) {
    set_by_ = by;
    restart_broker();
    EXPECT_GE(engine_->boot_epoch(), static_cast<std::uint64_t>(truth_ / second));
    EXPECT_GT(engine_->boot_epoch(), last);
    last = engine_->boot_epoch();
  }
}

TEST_F(BrokerTime, AStoreKnowsItsOwnBootEpochsAndNoOthers) {
  std::vector<std::uint64_t> own;
  for (int i = 0; i < 5; ++i) {
    own.push_back(engine_->boot_epoch());
    live(second);
    restart_broker();
  }
  for (const std::uint64_t epoch : own) {
    EXPECT_TRUE(engine_->knows_life(epoch));
    EXPECT_FALSE(engine_->knows_life(epoch + 1));
  }
  EXPECT_TRUE(engine_->knows_life(engine_->boot_epoch()));
  EXPECT_FALSE(engine_->knows_life(engine_->boot_epoch() + 1));
}

TEST_F(BrokerTime, BootEpochsThatAreTooOldToBeKeptAreNotRefused) {
  const std::uint64_t first = engine_->boot_epoch();
  for (int i = 0; i < 1'100; ++i) restart_broker();
  EXPECT_TRUE(engine_->knows_life(first));
  EXPECT_TRUE(engine_->knows_life(first + 1'000));
}

}  // namespace ackwire::test
