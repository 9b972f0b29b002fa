// A broker that goes away and comes back under its connected clients: nothing is lost, nothing is stored twice.
#include <atomic>
#include <set>

#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

using RestartTest = FaceTest;

TEST_P(RestartTest, APublishInFlightSurvivesARestart) {
  make_queue();
  publish(1);
  close_broker();
  ASSERT_TRUE(eventually([&] { return face().state() == ConnectionState::disconnected; }));
  const auto pending = face().publish_async("orders", message("while away"));
  ASSERT_TRUE(pending.ok());
  EXPECT_EQ(pending->wait(50ms).error().code, Errc::timeout);
  open_broker();
  const auto receipts = pending->wait(10s);
  ASSERT_TRUE(receipts.ok()) << receipts.error().message;
  EXPECT_EQ(receipts->front().sequence, 2u);
}

TEST_P(RestartTest, NothingIsLostAndNothingStoredTwice) {
  make_queue();
  constexpr int total = 6'000;
  std::atomic<int> published{0};
  std::thread producer([&] {
    for (int i = 0; i < total; ++i) {
      const std::string body = std::to_string(i);
      ASSERT_TRUE(face().publish_async("orders", message(body)).ok());
      ++published;
      if (i % 100 == 0) std::this_thread::sleep_for(5ms);
    }
  });
  for (int round = 1; round <= 3; ++round) {
    while (published < round * total / 4) std::this_thread::sleep_for(1ms);
    close_broker();
    open_broker();
  }
  producer.join();
  const Status flushed = face().flush();
  ASSERT_TRUE(flushed.ok()) << flushed.error().message;
  const auto info = face().queue_info("orders");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->published, std::uint64_t{total}) << "each message is stored once";

  Consumer from = consumer({.credit = 1'000});
  std::set<std::string> bodies;
  for (int got = 0; got < total;) {
    const auto some = receive(from, 500);
    ASSERT_FALSE(some.empty());
    for (const Delivery& delivery : some) EXPECT_TRUE(bodies.emplace(delivery.body()).second);
    ASSERT_EQ(from.ack(some)->applied, some.size());
    got += static_cast<int>(some.size());
  }
  EXPECT_EQ(bodies.size(), std::size_t{total});
}

TEST_P(RestartTest, AConsumerGoesOnAndItsOldLeasesAreStale) {
  make_queue();
  publish(20);
  Consumer from = consumer();
  const auto held = receive(from, 5);
  ASSERT_EQ(held.size(), 5u);
  close_broker();
  open_broker();
  ASSERT_TRUE(face().wait_connected(10s).ok());
  const auto again = receive(from, 20, 10s);
  ASSERT_EQ(again.size(), 20u);
  EXPECT_EQ(again[0].sequence(), 1u);
  EXPECT_GT(again[0].lease_token().boot_epoch, held[0].lease_token().boot_epoch);
  const auto stale = from.ack(held);
  ASSERT_TRUE(stale.ok()) << stale.error().message;
  EXPECT_EQ(stale->stale.size(), 5u);
  EXPECT_EQ(from.ack(again)->applied, 20u);
}

INSTANTIATE_TEST_SUITE_P(Faces, RestartTest, testing::Values(Face::tcp, Face::ipc), face_name);

}  // namespace
}  // namespace ackwire::test
