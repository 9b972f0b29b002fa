// Queues, groups and looking in from outside, through every face.
#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

using AdministrationTest = FaceTest;

TEST_P(AdministrationTest, QueuesAreMadeChangedListedAndRemoved) {
  make_queue();
  EXPECT_EQ(face().create_queue("orders")->name, "orders");
  QueuePolicy other;
  other.max_attempts = 3;
  EXPECT_EQ(face().create_queue("orders", other).error().code, Errc::queue_exists);
  QueueChange change;
  change.max_attempts = 5;
  EXPECT_EQ(face().set_queue("orders", change)->policy.max_attempts, 5u);
  EXPECT_EQ(face().ensure_queue("other", change)->policy.max_attempts, 5u);
  ASSERT_TRUE(face().list_queues().ok());
  EXPECT_EQ(face().list_queues()->size(), 2u);
  EXPECT_EQ(face().queue_info("none").error().code, Errc::no_queue);
  EXPECT_EQ(face().create_queue("../x").error().code, Errc::invalid_name);
  publish(10);
  EXPECT_EQ(face().remove_queue("orders").error().code, Errc::not_empty);
  EXPECT_TRUE(face().remove_queue("orders", true).ok());
  EXPECT_TRUE(face().remove_queue("other").ok());
  EXPECT_TRUE(face().list_queues()->empty());
  EXPECT_EQ(face().publish("orders", message("x")).error().code, Errc::no_queue);
  EXPECT_EQ(face().consume("orders").error().code, Errc::no_queue);
}

TEST_P(AdministrationTest, RemovingAQueueEndsItsConsumers) {
  make_queue();
  Consumer from = consumer();
  ASSERT_TRUE(face().remove_queue("orders").ok());
  const auto ended = from.receive(1, 5s);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, Errc::no_queue);
}

TEST_P(AdministrationTest, AGroupSeesEveryMessageOfItsTime) {
  make_queue();
  publish(2);
  ASSERT_TRUE(face().create_group("orders", "audit").ok());
  ASSERT_TRUE(face().create_group("orders", "replay", true).ok());
  publish(1, 2);
  ConsumerOptions options;
  options.group = "audit";
  Consumer audit = consumer(options);
  const auto seen = receive(audit, 1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].sequence(), 3u);
  options.group = "replay";
  Consumer replay = consumer(options);
  EXPECT_EQ(receive(replay, 3).size(), 3u);
  Consumer from = consumer();
  EXPECT_EQ(receive(from, 3).size(), 3u);
  options.group = "none";
  EXPECT_EQ(face().consume("orders", options).error().code, Errc::no_group);
  replay.close();
  EXPECT_TRUE(face().remove_group("orders", "replay").ok());
}

TEST_P(AdministrationTest, PeekPurgeStatsAndHistory) {
  make_queue();
  publish(5);
  const auto page = face().peek("orders", "default", 0, 3);
  ASSERT_TRUE(page.ok()) << page.error().message;
  ASSERT_EQ(page->messages.size(), 3u);
  EXPECT_EQ(page->messages[0].body, "body 0");
  EXPECT_EQ(page->messages[0].state, "ready");
  EXPECT_NE(page->next, 0u);
  EXPECT_EQ(face().peek("orders", "default", page->next, 10)->messages.size(), 2u);
  const auto stats = face().stats();
  ASSERT_TRUE(stats.ok()) << stats.error().message;
  EXPECT_EQ(stats->queues.size(), 1u);
  EXPECT_GT(stats->commits, 0u);
  EXPECT_EQ(stats->version, version());
  const auto purged = face().purge("orders");
  ASSERT_TRUE(purged.ok()) << purged.error().message;
  EXPECT_EQ(*purged, 5u);
  EXPECT_EQ(face().queue_info("orders")->depth, 0u);
  HistoryQuery query;
  query.queue = "orders";
  ASSERT_TRUE(eventually([&] {
    publish(1);
    const auto samples = face().history(query);
    std::uint64_t published = 0;
    if (samples) {
      for (const Sample& sample : *samples) published += sample.published;
    }
    return published >= 5;
  }));
}

INSTANTIATE_TEST_SUITE_P(Faces, AdministrationTest, testing::Values(Face::embedded, Face::tcp, Face::ipc), face_name);

}  // namespace
}  // namespace ackwire::test
