#include "engine/broker_world.hpp"

namespace ackwire::test {

using model::SettleKind;
using store::Table;

class Settle : public BrokerWorld {
 protected:
  void SetUp() override {
    BrokerWorld::SetUp();
    QueuePolicy policy;
    policy.visibility_timeout = Duration{10'000};
    policy.max_attempts = 3;
    policy.backoff = {Duration{1'000}, 2.0, Duration{60'000}, 0.0};
    make_queue(policy);
  }
  Got one(SessionId session = alice) {
    auto got = take(session);
    EXPECT_EQ(got.size(), 1u);
    return got.empty() ? Got{} : got[0];
  }
};

TEST_F(Settle, AckEndsAMessageForGood) {
  subscribe(alice);
  (void)publish("a");
  EXPECT_EQ(ack(alice, one()).applied, 1u);
  EXPECT_EQ(group().acked, 1u);
  EXPECT_EQ(rows(Table::blocks), 0u);
  crash();
  subscribe(bob);
  idle();
  EXPECT_TRUE(take().empty());
}

TEST_F(Settle, OutOfOrderAcksSurviveARestart) {
  subscribe(alice, 1000);
  for (int i = 0; i < 300; ++i) (void)publish("m" + std::to_string(i));
  const auto got = take();
  ASSERT_EQ(got.size(), 300u);
  std::vector<bool> acked(301);
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (i * 7 % 3 == 0) {
      EXPECT_EQ(ack(alice, got[i]).applied, 1u);
      acked[got[i].sequence] = true;
    }
  }
  expect_conserved();
  crash();
  idle_until_quiet();
  subscribe(bob, 1000);
  idle_until_quiet();
  for (const Got& g : take(bob)) {
    EXPECT_FALSE(acked[g.sequence]) << g.sequence;
    EXPECT_EQ(g.delivery, 2u);
    acked[g.sequence] = true;
    EXPECT_EQ(ack(bob, g).applied, 1u);
  }
  for (std::size_t i = 1; i < acked.size(); ++i) EXPECT_TRUE(acked[i]) << i;
  EXPECT_EQ(rows(Table::blocks), 0u);
  EXPECT_EQ(rows(Table::marks), 0u);
  EXPECT_EQ(rows(Table::retry), 0u);
  EXPECT_EQ(rows(Table::due), 0u);
  expect_conserved();
}

TEST_F(Settle, NackBacksOffThenDies) {
  subscribe(alice);
  (void)publish("a");
  nack(alice, one());
  idle();
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(group().delayed, 1u);
  pass(Duration{1'000});
  idle();
  Got second = one();
  EXPECT_EQ(second.delivery, 2u);
  EXPECT_EQ(second.attempts, 2u);
  nack(alice, second);
  pass(Duration{1'999});
  idle();
  EXPECT_TRUE(take().empty());
  pass(Duration{1});
  idle();
  nack(alice, one());
  EXPECT_EQ(group().dead, 1u);
  const DeadPage page = dead();
  ASSERT_EQ(page.letters.size(), 1u);
  EXPECT_EQ(page.letters[0].reason, DeadReason::max_attempts);
  EXPECT_EQ(page.letters[0].attempts, 3u);
  EXPECT_EQ(page.letters[0].errors.size(), 3u);
  EXPECT_EQ(page.letters[0].body, "a");
  expect_conserved();
}

TEST_F(Settle, NackWithADelayIsTakenAtItsWord) {
  subscribe(alice);
  (void)publish("a");
  nack(alice, one(), 250);
  pass(Duration{250});
  idle();
  EXPECT_EQ(one().attempts, 2u);
}

TEST_F(Settle, RejectGoesStraightToTheDlq) {
  subscribe(alice);
  (void)publish("a");
  settle(alice, SettleKind::reject, {one().token()}, -1, "bad quantity");
  EXPECT_EQ(dead().letters.at(0).reason, DeadReason::rejected);
  EXPECT_EQ(dead().letters.at(0).detail, "bad quantity");
  EXPECT_EQ(rows(Table::blocks), 0u);
  expect_conserved();
}

TEST_F(Settle, ReleaseChargesNoAttempt) {
  subscribe(alice);
  (void)publish("a");
  settle(alice, SettleKind::release, {one().token()});
  idle();
  Got again = one();
  EXPECT_EQ(again.delivery, 2u);
  EXPECT_EQ(again.attempts, 1u);
  for (int i = 0; i < 10; ++i) {
    settle(alice, SettleKind::release, {again.token()});
    idle();
    again = one();
    EXPECT_EQ(again.attempts, 1u);
  }
  EXPECT_EQ(group().dead, 0u);
}

TEST_F(Settle, LeaseEndsByTimeAndFencesTheOldToken) {
  subscribe(alice);
  (void)publish("a");
  const Got first = one();
  pass(Duration{9'999});
  idle();
  EXPECT_TRUE(take().empty());
  pass(Duration{200});
  idle();
  EXPECT_TRUE(take().empty());  // who lets a lease run out gets nothing more before it says something
  hear(alice);
  const Got second = one();
  EXPECT_EQ(second.delivery, 2u);
  const auto late = ack(alice, first);
  EXPECT_EQ(late.applied, 0u);
  ASSERT_EQ(late.stale.size(), 1u);
  EXPECT_EQ(group().stale_settles, 1u);
  EXPECT_EQ(group().lease_expired, 1u);
  EXPECT_EQ(ack(alice, second).applied, 1u);
  expect_conserved();
}

TEST_F(Settle, AnotherConsumersTokenIsRefused) {
  subscribe(alice);
  (void)publish("a");
  const Got got = one();
  subscribe(bob);
  EXPECT_EQ(ack(bob, got).applied, 0u);
  EXPECT_EQ(ack(alice, got).applied, 1u);
  EXPECT_EQ(ack(SessionId{99}, got).error.code, Errc::bad_token);
}

TEST_F(Settle, ARepeatedAckHolds) {
  subscribe(alice);
  (void)publish("a");
  const Got got = one();
  EXPECT_EQ(ack(alice, got).applied, 1u);
  const auto again = ack(alice, got);
  EXPECT_EQ(again.applied, 1u);
  EXPECT_TRUE(again.stale.empty());
  EXPECT_EQ(group().acked, 1u);
}

TEST_F(Settle, ARepeatIsAnsweredAsTheFirstWasAndAnotherKindIsStale) {
  subscribe(alice);
  constexpr SettleKind kinds[] = {SettleKind::ack, SettleKind::nack, SettleKind::reject, SettleKind::release};
  const auto expect_repeats = [&](const Got& got, SettleKind first) {
    EXPECT_EQ(settle(alice, first, {got.token()}, 3'600'000, "x").applied, 1u);
    for (const SettleKind second : kinds) {
      SCOPED_TRACE(testing::Message() << "first " << static_cast<int>(first) << ", then " << static_cast<int>(second));
      const auto again = settle(alice, second, {got.token()}, 3'600'000, "x");
      EXPECT_EQ(again.applied, first == second ? 1u : 0u);
      EXPECT_EQ(again.stale.size(), first == second ? 0u : 1u);
    }
    EXPECT_EQ(settle(alice, SettleKind::extend, {got.token()}, 60'000).stale.size(), 1u);
    expect_conserved();
  };
  for (const SettleKind first : kinds) {
    (void)publish("from its block");
    expect_repeats(one(), first);
    idle();
    if (first != SettleKind::release) (void)publish("from its row"), settle(alice, SettleKind::release, {one().token()}), idle();
    expect_repeats(one(), first);
    idle();
    for (const Got& left : take()) EXPECT_EQ(ack(alice, left).applied, 1u);
  }
}

TEST_F(Settle, ATokenOfAnEarlierStartIsStale) {
  subscribe(alice);
  (void)publish("a");
  const Got got = one();
  const std::uint64_t epoch = engine_->boot_epoch();
  crash();
  EXPECT_GT(engine_->boot_epoch(), epoch);
  subscribe(alice);
  idle_until_quiet();
  const auto late = settle(alice, SettleKind::ack, {got.token()}, -1, "", epoch);
  EXPECT_EQ(late.applied, 0u);
  EXPECT_EQ(late.stale.size(), 1u);
  EXPECT_EQ(one().delivery, 2u);
}

TEST_F(Settle, RenewKeepsTheLease) {
  subscribe(alice);
  (void)publish("a");
  const Got got = one();
  for (int i = 0; i < 5; ++i) {
    pass(Duration{6'000});
    (void)turn([&](engine::Engine& e) { e.renew(alice, SubscriptionId{1}); });
    idle();
  }
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(ack(alice, got).applied, 1u);
}

TEST_F(Settle, ExtendMovesOneDeadline) {
  subscribe(alice);
  (void)publish("a");
  (void)publish("b");
  const auto got = take();
  settle(alice, SettleKind::extend, {got[0].token()}, 60'000);
  pass(Duration{10'200});
  idle();
  hear(alice);
  const auto back = take();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].body, "b");
  pass(Duration{50'000});
  idle_until_quiet();
  hear(alice);
  bool again = false;
  for (const Got& g : take()) again = again || g.body == "a";
  EXPECT_TRUE(again);
  EXPECT_EQ(settle(alice, SettleKind::extend, {got[0].token()}, 13 * 3'600'000).error.code, Errc::out_of_range);
}

TEST_F(Settle, DisconnectReturnsAtOnceAndChargesTheAttempt) {
  subscribe(alice);
  for (int i = 0; i < 3; ++i) (void)publish("m");
  EXPECT_EQ(take().size(), 3u);
  subscribe(bob);
  end_session(alice);
  idle_until_quiet();
  const auto got = take(bob);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].attempts, 2u);
  for (const Got& g : got) EXPECT_EQ(ack(bob, g).applied, 1u);
  expect_conserved();
}

TEST_F(Settle, ACrashingConsumerCannotOutliveMaxAttempts) {
  (void)publish("poison");
  int deliveries = 0;
  for (int i = 0; i < 10; ++i) {
    subscribe(alice);
    idle_until_quiet();
    deliveries += static_cast<int>(take(alice).size());
    end_session(alice);
    idle_until_quiet();
  }
  EXPECT_EQ(deliveries, 3);
  EXPECT_EQ(group().dead, 1u);
  EXPECT_EQ(dead().letters.at(0).reason, DeadReason::max_attempts);
}

TEST_F(Settle, ACrashingBrokerCountsTheAttemptToo) {
  (void)publish("poison");
  int deliveries = 0;
  for (int i = 0; i < 10; ++i) {
    subscribe(alice);
    idle_until_quiet();
    deliveries += static_cast<int>(take(alice).size());
    crash();
    idle_until_quiet();
  }
  EXPECT_EQ(deliveries, 3);
  EXPECT_EQ(group().dead, 1u);
}

TEST_F(Settle, AnUndeliverableMessageCostsNothing) {
  subscribe(alice);
  (void)publish("a");
  for (int i = 0; i < 5; ++i) {
    std::vector<model::Deliver> lost;
    for (auto& effect : effects_) {
      if (auto* deliver = std::get_if<model::Deliver>(&effect.what)) lost.push_back(*deliver);
    }
    effects_.clear();
    ASSERT_EQ(lost.size(), 1u) << i;
    (void)turn([&](engine::Engine& e) { e.undeliverable(alice, lost[0]); });
    idle_until_quiet();
  }
  EXPECT_EQ(one().attempts, 1u);
}

TEST_F(Settle, ARenewalCountsForAnExtendedLeaseToo) {
  ASSERT_TRUE(publish("a").ok());
  subscribe(alice);
  const Got got = one();
  settle(alice, SettleKind::extend, {got.token()}, 12'000);
  for (int second = 0; second < 30; ++second) {
    pass(Duration{1'000});
    ASSERT_TRUE(turn([&](engine::Engine& e) { e.renew(alice, SubscriptionId{1}); }).ok());
    ASSERT_TRUE(take().empty()) << second;
  }
  EXPECT_EQ(ack(alice, got).applied, 1u);
}

// What the first range settled is a repeat in the second, in blocks and in rows of their own.
TEST_F(Settle, AFrameThatNamesAMessageTwiceSettlesItOnce) {
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(publish("m").ok());
  ASSERT_EQ(subscribe(alice).code, Errc::ok);
  const auto got = take(alice);
  ASSERT_EQ(got.size(), 6u);
  EXPECT_EQ(settle(alice, model::SettleKind::release, {{1, 2, 1}}).applied, 2u);
  const auto again = take(alice);
  ASSERT_EQ(again.size(), 2u);
  const std::uint32_t delivery = again[0].delivery;
  const auto result = settle(alice, model::SettleKind::ack, {{3, 3, 1}, {4, 3, 1}, {1, 1, delivery}, {1, 2, delivery}});
  EXPECT_EQ(result.applied, 9u);
  EXPECT_TRUE(result.stale.empty());
  EXPECT_EQ(group().acked, 6u);
  expect_conserved();
}

}  // namespace ackwire::test
