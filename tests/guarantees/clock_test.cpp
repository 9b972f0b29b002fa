// The wall clock of this process can be set: the broker reads it through the function below.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "guarantees/scene.hpp"

namespace {
std::atomic<std::int64_t> set_by_seconds{0};
}

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += set_by_seconds.load();
  return static_cast<int>(result);
}

namespace ackwire::guarantees {
namespace {

using Steady = std::chrono::steady_clock;

class WallClock : public Guarantees {
 protected:
  ~WallClock() override { set_by_seconds = 0; }

  static constexpr Duration delay{300}, tick{1};  // broker time counts whole milliseconds
  static constexpr std::int64_t hour = 3'600, day = 24 * hour, year = 365 * day;

  /// Publishes one message that waits and one that may expire, does `act`, and sees both at their time, which true time tells.
  void expect_in_time(const std::function<void()>& act) {
    Steady::time_point before;
    must(broker->publish(queue, Message{.body = "lives", .ttl = Duration{1'800'000}}));
    {
      auto holder = consumer();
      const auto held = receive(holder, 1);
      ASSERT_EQ(held.at(0).body(), "lives");
      must(holder.set_credit(0));
      before = Steady::now();
      must(broker->publish(queue, Message{.body = "waits", .delay = delay}));
      must(holder.nack(held, {.delay = delay, .error = "later"}));
    }
    act();
    auto worker = consumer();
    std::set<std::string> bodies;
    while (bodies.size() < 2) {
      const auto some = must(worker.receive(1, Duration{20'000}));
      ASSERT_EQ(some.size(), 1u) << "stuck";
      EXPECT_GE(Steady::now() - before, delay - tick) << "early";
      bodies.emplace(some[0].body());
      must(worker.ack(some));
    }
    EXPECT_EQ(group_info().dead, 0u);
  }
};

TEST_F(WallClock, I10_SettingTheWallClockMovesNoMessage) {
  open(QueueChange{.backoff_jitter = 0.0});
  for (const std::int64_t step : {hour, -hour, day, -day, year, -year}) {
    SCOPED_TRACE(step);
    expect_in_time([&] { set_by_seconds = step; });
    const std::int64_t offset = must(broker->stats()).clock_offset_ms;
    EXPECT_NEAR(static_cast<double>(offset), static_cast<double>(step) * 1'000, 1'000) << "shown";
    EXPECT_NEAR(static_cast<double>(broker->clock_offset().count()), static_cast<double>(step) * 1'000, 1'000);
    set_by_seconds = 0;
    expect_in_time([] {});
  }
}

TEST_F(WallClock, I10_ARestartWithAWrongWallClockMovesNoMessage) {
  open(QueueChange{.backoff_jitter = 0.0});
  for (const std::int64_t step : {hour, -hour, day, -day, year, -year}) {
    SCOPED_TRACE(step);
    const std::string key = std::to_string(step);
    const Receipt first = publish("keyed", key);
    must(broker->purge(queue));  // it is only there to be remembered
    expect_in_time([&] {
      set_by_seconds = step;
      reopen();
    });
    EXPECT_TRUE(publish("keyed", key).duplicate);
    EXPECT_EQ(publish("keyed", key).sequence, first.sequence);
    set_by_seconds = 0;
    reopen();
  }
  close();
  expect_sound();
}

// What is stamped by a client comes due not before its time, however slowly the broker commits and answers.
TEST_F(WallClock, ADelayIsNeverCutShort) {
  open();
  const std::string endpoint = must(broker->listen("ipc://" + (folder / "socket").string()));
  auto client = must(Client::connect(endpoint));
  must(broker->ensure_queue("load", {}));
  std::atomic<bool> stop{false};
  std::thread load([&] {
    const Message body{.body = std::string(200'000, 'x')};
    while (!stop) must(broker->publish("load", body));
  });
  auto worker = must(client.consume(queue, {.group = group, .credit = 100}));
  for (int i = 0; i < 20; ++i) {
    const auto before = Steady::now();
    must(client.publish(queue, Message{.body = "x", .delay = Duration{50}}));
    const auto got = must(worker.receive(1, Duration{20'000}));
    EXPECT_GE(Steady::now() - before, std::chrono::milliseconds(50));
    ASSERT_EQ(got.size(), 1u);
    must(worker.ack(got));
  }
  stop = true;
  load.join();
}

}  // namespace
}  // namespace ackwire::guarantees
