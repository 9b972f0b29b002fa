// A turn that finds no room in the store: an engine that resumes has the same consumers, and their tokens stay good.
#include <gtest/gtest.h>

#include <random>

#include "engine/broker_world.hpp"

namespace ackwire::test {
namespace {

using model::SettleKind;

class Resume : public BrokerWorld {
 protected:
  void SetUp() override {
    BrokerWorld::SetUp();
    make_queue();
  }
  /// A turn that is undone, and goes on.
  template <class Act>
  void full_turn(Act act) {
    store_->fault_next_commit(store::CommitFault::full);
    ASSERT_TRUE(engine_->begin(now()).ok());
    act(*engine_);
    const Status done = engine_->finish();
    ASSERT_FALSE(done.ok()) << "the turn changed nothing";
    ASSERT_EQ(done.error().code, Errc::store_full);
    EXPECT_TRUE(engine_->take_effects().empty());
    resume();
  }
  void resume() {
    auto next = std::make_unique<engine::Engine>(*store_, options_);
    const std::uint64_t digest = store_->digest(), epoch = engine_->boot_epoch();
    ASSERT_TRUE(next->resume(now(), *engine_).ok());
    EXPECT_EQ(store_->digest(), digest) << "nothing is written";
    EXPECT_EQ(next->boot_epoch(), epoch);
    engine_ = std::move(next);
  }
  void full_settle(SessionId session, SettleKind kind, std::vector<model::SettleRange> ranges, std::int64_t duration_ms = -1) {
    model::Settle settle{SubscriptionId{1}, 9, kind, engine_->boot_epoch(), duration_ms, "boom", std::move(ranges)};
    full_turn([&](engine::Engine& e) { e.settle(session, settle); });
  }
  void publish_some(int count) {
    std::vector<Message> messages(static_cast<std::size_t>(count));
    for (Message& message : messages) message.body = "m";
    ASSERT_TRUE(publish(messages).ok());
  }
};

TEST_F(Resume, I17_ASettleOfTheTurnThatFailedCanBeRepeated) {
  subscribe(alice, 100, "default", 10);
  publish_some(10);
  const auto got = take(alice);
  ASSERT_EQ(got.size(), 10u);
  ack(alice, got[0]);
  full_settle(alice, SettleKind::ack, {{1, 5, 1}, {8, 1, 1}});
  idle_until_quiet();
  EXPECT_TRUE(take().empty()) << "nobody is given what another one holds";
  EXPECT_EQ(group().leased, 9u);
  const auto again = settle(alice, SettleKind::ack, {{1, 5, 1}, {8, 1, 1}});
  EXPECT_EQ(again.applied, 6u) << "the first as a repeat";
  EXPECT_TRUE(again.stale.empty());
  EXPECT_EQ(settle(alice, SettleKind::ack, {{6, 2, 1}, {9, 2, 1}}).applied, 4u);
  EXPECT_EQ(group().acked, 10u);
  EXPECT_EQ(group().leased, 0u);
  expect_conserved();
}

TEST_F(Resume, ABlockThatWasFinishedInTheTurnIsHeldAgain) {
  subscribe(alice);
  publish_some(3);
  take();
  full_settle(alice, SettleKind::ack, {{1, 3, 1}});
  EXPECT_EQ(group().leased, 3u);
  full_settle(alice, SettleKind::nack, {{1, 3, 1}}, 0);
  EXPECT_EQ(settle(alice, SettleKind::ack, {{1, 3, 1}}).applied, 3u);
  EXPECT_EQ(group().acked, 3u);
  EXPECT_EQ(group().nacked, 0u);
}

TEST_F(Resume, WhatWasHandedOutInTheTurnIsHandedOutAnew) {
  subscribe(alice);
  Message message;
  message.body = "m";
  const std::string bytes = record(message);
  model::Publish frame;
  frame.queue = "orders";
  frame.producer.fill('p');
  frame.producer_sequence = frame.first_unconfirmed = 1;
  frame.batches.push_back({1, bytes});
  full_turn([&](engine::Engine& e) { e.publish(producer, frame); });
  EXPECT_EQ(info().published, 0u);
  ASSERT_TRUE(publish("m").ok());
  const auto got = take(alice);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].delivery, 1u);
  EXPECT_EQ(ack(alice, got[0]).applied, 1u);
}

TEST_F(Resume, AMessageWithARowOfItsOwnStaysWithItsConsumer) {
  subscribe(alice);
  publish_some(2);
  for (const Got& got : take(alice)) nack(alice, got, 0);
  idle();
  auto got = take(alice);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].delivery, 2u);
  full_settle(alice, SettleKind::ack, {got[0].token()});
  idle_until_quiet();
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(ack(alice, got[0]).applied, 1u);
  EXPECT_EQ(ack(alice, got[1]).applied, 1u);
  EXPECT_EQ(group().acked, 2u);
}

TEST_F(Resume, LeasesEndWhenTheyWouldHave) {
  subscribe(alice, 100, "default", 1);
  publish_some(2);
  const auto got = take(alice);
  begun(alice, {got[0]});
  pass(Duration{20'000});
  full_settle(alice, SettleKind::nack, {got[1].token()}, 60'000);
  pass(Duration{10'001});
  subscribe(bob, 100, "default", 1);
  idle_until_quiet();
  const auto again = take(bob);
  ASSERT_GE(again.size(), 1u);
  EXPECT_EQ(again[0].sequence, 1u);
  EXPECT_EQ(again[0].attempts, 2u) << "it was begun";
  EXPECT_EQ(ack(alice, got[0]).stale.size(), 1u);
}

TEST_F(Resume, WhoWentInTheTurnIsGoneAndWhatItHeldComesBack) {
  subscribe(alice);
  publish_some(1);
  take();
  full_turn([&](engine::Engine& e) { e.end_session(alice); });
  subscribe(bob);
  idle_until_quiet();
  const auto got = take(bob);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].delivery, 2u);
  EXPECT_EQ(ack(bob, got[0]).applied, 1u);
}

TEST_F(Resume, ASubscribeIsAnsweredAndACreditHolds) {
  full_turn([&](engine::Engine& e) { e.subscribe(alice, {SubscriptionId{1}, "orders", "default", 1, 0}); });
  idle();
  ASSERT_EQ(effects_.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<model::Subscribed>(effects_[0].what));
  effects_.clear();
  publish_some(3);
  EXPECT_EQ(take(alice).size(), 1u);
  model::Settle settle{SubscriptionId{1}, 9, SettleKind::ack, engine_->boot_epoch(), -1, "", {{1, 1, 1}}};
  full_turn([&](engine::Engine& e) { e.settle(alice, settle), e.set_credit(alice, SubscriptionId{1}, 2); });
  idle();
  EXPECT_EQ(take(alice).size(), 1u) << "one is held, and two are allowed";
}

TEST_F(Resume, AConsumerOfAQueueThatWasNotStoredIsTold) {
  full_turn([&](engine::Engine& e) {
    e.request(producer, 7, model::CreateQueue{"other", {}});
    e.subscribe(alice, {SubscriptionId{1}, "other", "default", 1, 0});
  });
  idle();
  ASSERT_EQ(effects_.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<model::SubscriptionEnded>(effects_[0].what));
  effects_.clear();
}

/// Random work in which turns fail and are done again at once ends as if none had failed.
TEST_F(Resume, ARepeatedTurnIsAsIfTheFirstHadNotBeen) {
  std::mt19937 random(11);
  subscribe(alice, 50, "default", 5);
  subscribe(bob, 50, "default", 5);
  std::vector<Got> held;
  std::uint64_t acked = 0, failed = 0;
  for (int step = 0; step < 400; ++step) {
    if (step % 3 == 0) publish_some(1 + static_cast<int>(random() % 20));
    for (Got& got : take()) held.push_back(std::move(got));
    std::shuffle(held.begin(), held.end(), random);
    for (std::size_t i = random() % 12; i > 0 && !held.empty(); --i) {
      const Got got = held.back();
      held.pop_back();
      const SettleKind kind = random() % 5 == 0 ? SettleKind::nack : SettleKind::ack;
      if (random() % 3 == 0) full_settle(got.session, kind, {got.token()}, 0), ++failed;
      const auto result = settle(got.session, kind, {got.token()}, 0);
      ASSERT_EQ(result.applied, 1u) << "step " << step << ", sequence " << got.sequence << ", delivery " << got.delivery;
      acked += kind == SettleKind::ack;
    }
    for (Got& got : take()) held.push_back(std::move(got));
    ASSERT_EQ(group().leased, held.size()) << step;
  }
  EXPECT_GT(failed, 300u);
  EXPECT_EQ(group().acked, acked);
  EXPECT_EQ(group().lease_expired, 0u);
  expect_conserved();
}

}  // namespace
}  // namespace ackwire::test
