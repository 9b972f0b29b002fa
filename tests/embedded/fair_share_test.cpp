// Two workers with all defaults share what there is, whatever the speed of their handlers, and whoever came first.
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "ackwire/ackwire.hpp"
#include "support/scratch.hpp"

namespace ackwire::test {
namespace {

using std::chrono::milliseconds;

class FairShare : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Broker::open(scratch_.path());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    broker_.emplace(*std::move(opened));
    auto bound = broker_->listen("tcp://127.0.0.1:*");
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    endpoint_ = *bound;
  }

  void fill(const std::string& queue, int messages) {
    ASSERT_TRUE(broker_->ensure_queue(queue).ok());
    std::vector<Message> all(static_cast<std::size_t>(messages));
    ASSERT_TRUE(broker_->publish(queue, all).ok());
  }

  /// Works until the queue gives nothing more; the count of messages done.
  int work(const std::string& queue, milliseconds each) {
    auto client = Client::connect(endpoint_);
    EXPECT_TRUE(client.ok());
    auto from = client->consume(queue);
    EXPECT_TRUE(from.ok());
    int done = 0;
    for (;;) {
      const auto got = from->receive(1, Duration{1'500});
      if (!got.ok() || got->empty()) return done;
      std::this_thread::sleep_for(each);
      EXPECT_TRUE(from->ack(*got).ok());
      ++done;
    }
  }

  /// Two workers, the second one `later`; what each did.
  std::array<int, 2> share(const std::string& queue, milliseconds each, milliseconds later = {}) {
    std::array<int, 2> done{};
    std::thread first([&] { done[0] = work(queue, each); });
    std::this_thread::sleep_for(later);
    std::thread second([&] { done[1] = work(queue, each); });
    first.join();
    second.join();
    return done;
  }

  Scratch scratch_;
  std::optional<Broker> broker_;
  std::string endpoint_;
};

TEST_F(FairShare, OfTwoWorkersWithFastAndSlowHandlers) {
  fill("slow", 10);
  fill("fast", 300);
  std::array<int, 2> slow{}, fast{};
  std::thread slow_pair([&] { slow = share("slow", milliseconds{1'000}); });
  std::thread fast_pair([&] { fast = share("fast", milliseconds{10}); });
  slow_pair.join();
  fast_pair.join();
  EXPECT_EQ(slow[0] + slow[1], 10);
  EXPECT_EQ(fast[0] + fast[1], 300);
  for (const int done : slow) EXPECT_NEAR(done, 5, 1);
  for (const int done : fast) EXPECT_NEAR(done, 150, 30);
  // Nothing was given to both, and nothing that went back was charged.
  const auto queues = broker_->list_queues();
  ASSERT_TRUE(queues.ok());
  for (const QueueInfo& queue : *queues) {
    EXPECT_EQ(queue.groups[0].acked, queue.published);
    EXPECT_EQ(queue.groups[0].redelivered, 0u);
  }
}

TEST_F(FairShare, WhatNobodyBeganIsGivenToTheOneWhoComesLater) {
  fill("orders", 4);
  auto hoarder = broker_->consume("orders", {.concurrency = 1});
  ASSERT_TRUE(hoarder.ok());
  const auto held = hoarder->receive(1, Duration{5'000});
  ASSERT_EQ(held->size(), 1u);  // and never done
  EXPECT_EQ(work("orders", milliseconds{1}), 3);
}

}  // namespace
}  // namespace ackwire::test
