// Queues that nobody touches cost nothing and are not forgotten.
#include "engine/agenda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "engine/broker_world.hpp"

namespace ackwire {
namespace {

using engine::Agenda;
using engine::Wake;

model::Now at(std::int64_t mono, std::int64_t wall) { return {Timestamp{Duration{wall}}, Duration{mono}}; }

std::vector<std::uint32_t> due(const Agenda& agenda, const model::Now& now) {
  std::vector<std::uint32_t> queues;
  agenda.due(now, queues);
  return queues;
}

TEST(Agenda, GivesWhatIsDueByEitherClockAndKeepsItUntilItIsSetAnew) {
  Agenda agenda;
  agenda.set(1, {Duration{50}, Wake::never_ms});
  agenda.set(2, {Wake::never, 1'000});
  EXPECT_EQ(agenda.next(), (Wake{Duration{50}, 1'000}));
  EXPECT_TRUE(due(agenda, at(49, 999)).empty());
  EXPECT_EQ(due(agenda, at(50, 999)), std::vector<std::uint32_t>{1});
  EXPECT_EQ(due(agenda, at(49, 1'000)), std::vector<std::uint32_t>{2});
  EXPECT_EQ(due(agenda, at(50, 1'000)), (std::vector<std::uint32_t>{1, 2}));
  agenda.set(1, {Duration{90}, Wake::never_ms});
  EXPECT_EQ(due(agenda, at(89, 1'000)), std::vector<std::uint32_t>{2});
  agenda.erase(2);
  agenda.set(1, {});
  EXPECT_EQ(agenda.next(), Wake{});
  EXPECT_EQ(agenda.size(), 0u);
}

TEST(Agenda, AgreesWithAPlainListThroughAnySeriesOfChanges) {
  std::mt19937 random(7);
  Agenda agenda;
  std::map<std::uint32_t, Wake> model;
  for (int step = 0; step < 5'000; ++step) {
    const std::uint32_t queue = random() % 20;
    const Wake wake{random() % 3 == 0 ? Wake::never : Duration{static_cast<std::int64_t>(random() % 100)},
                    random() % 3 == 0 ? Wake::never_ms : random() % 100};
    agenda.set(queue, wake);
    model[queue] = wake;
    const model::Now now = at(static_cast<std::int64_t>(random() % 100), static_cast<std::int64_t>(random() % 100));
    std::set<std::uint32_t> expected;
    for (const auto& [id, known] : model) {
      if (known.mono <= now.mono || known.wall_ms <= static_cast<std::uint64_t>(now.wall.time_since_epoch().count()))
        expected.insert(id);
    }
    const auto found = due(agenda, now);
    EXPECT_EQ(std::set<std::uint32_t>(found.begin(), found.end()), expected);
  }
}

class Lists : public test::BrokerWorld {};

TEST_F(Lists, AnIdleQueueIsNotInTheAgenda) {
  for (int i = 0; i < 20; ++i) make_queue({}, "q" + std::to_string(i));
  idle_until_quiet();
  EXPECT_EQ(engine_->next_wakeup(), std::nullopt);
}

// The first has no time to live, so nothing is known of the second before the first has gone.
TEST_F(Lists, TheSecondMessageOfAQueueAtRestExpiresInTime) {
  QueuePolicy policy;
  policy.on_expiry = OnExpiry::discard;
  make_queue(policy);
  ASSERT_TRUE(publish("a").ok());
  Message brief;
  brief.body = "b";
  brief.ttl = Duration{5'000};
  ASSERT_TRUE(publish({brief}).ok());
  subscribe(alice, 1);
  ASSERT_EQ(take(alice).size(), 1u);
  const std::int64_t end = wall_ + 8'000;
  while (wall_ < end) {
    const auto next = engine_->next_wakeup();
    pass(next ? std::clamp(*next - Duration{mono_}, Duration{1}, Duration{8'000}) : Duration{8'000});
    idle();
  }
  EXPECT_EQ(group().expired, 1u);
}

}  // namespace
}  // namespace ackwire
