// A store with hardly any room left: whatever comes back at once, nothing gets stuck and nothing is lost.
#include <set>

#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

struct Load {
  std::size_t body_bytes, batch;
};

class FullStoreTest : public ::testing::TestWithParam<Load> {
 protected:
  void SetUp() override {
    BrokerOptions options;
    options.store_bytes_limit = 8ull << 20;
    options.disk_floor_bytes = 0;
    auto opened = Broker::open(directory.path() / "store", options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    broker.emplace(*std::move(opened));
    ASSERT_TRUE(broker->create_queue("orders").ok());
  }

  /// Publishes until the store takes no more; how many it took.
  std::size_t fill() {
    const std::vector<Message> batch(GetParam().batch, message(std::string(GetParam().body_bytes, 'x')));
    std::size_t count = 0;
    while (true) {
      const auto stored = broker->publish("orders", batch);
      if (!stored.ok()) {
        EXPECT_EQ(stored.error().code, Errc::overloaded) << stored.error().message;
        return count;
      }
      count += batch.size();
    }
  }

  Consumer consumer() {
    ConsumerOptions options;
    options.credit = 10'000;
    auto made = broker->consume("orders", options);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *std::move(made);
  }

  GroupInfo group() { return broker->queue_info("orders")->groups.front(); }

  Scratch directory;
  std::optional<Broker> broker;
};

TEST_P(FullStoreTest, WhatWasHandedOutMayComeBackAtOnceAndAgain) {
  const std::size_t count = fill();
  ASSERT_GT(count, 300u);
  for (int round = 0; round < 3; ++round) {
    Consumer holder = consumer();
    std::size_t held = 0;
    while (true) {
      const auto some = holder.receive(1'000, 200ms);
      ASSERT_TRUE(some.ok()) << some.error().message;
      if (some->empty()) break;
      held += some->size();
    }
    EXPECT_GT(held, 0u);
    holder.close();  // every lease at once: each message needs a row of its own
    EXPECT_TRUE(eventually([&] { return group().leased == 0; }, 30s));
  }
  std::set<std::uint64_t> seen;
  Consumer last = consumer();
  EXPECT_TRUE(eventually(
      [&] {
        const auto some = last.receive(100, 100ms);
        EXPECT_TRUE(some.ok()) << some.error().message;
        if (!some) return true;
        for (const Delivery& delivery : *some) seen.insert(delivery.sequence());
        const auto settled = last.ack(*some);
        EXPECT_TRUE(settled.ok()) << settled.error().message;
        return group().acked == count;
      },
      60s));
  EXPECT_EQ(seen.size(), count);
  EXPECT_EQ(group().acked, count);
  EXPECT_TRUE(broker->health().ok());
}

INSTANTIATE_TEST_SUITE_P(Loads, FullStoreTest, ::testing::Values(Load{16 * 1024, 1}, Load{5'000, 50}, Load{200, 100}),
                         [](const auto& param) {
                           return std::to_string(param.param.batch) + "_of_" + std::to_string(param.param.body_bytes);
                         });

}  // namespace
}  // namespace ackwire::test
