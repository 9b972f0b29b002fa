// Who is charged: what was begun, never what waited in a buffer.
#include "engine/broker_world.hpp"

namespace ackwire::test {
namespace {

class Begun : public BrokerWorld {
 protected:
  static constexpr std::int64_t lease = 4'000;

  void SetUp() override {
    BrokerWorld::SetUp();
    QueuePolicy policy;
    policy.visibility_timeout = Duration{lease};
    policy.max_attempts = 3;
    make_queue(policy);
  }
  void fill(int count) {
    std::vector<Message> messages(static_cast<std::size_t>(count));
    for (Message& message : messages) message.body = "m";
    ASSERT_TRUE(publish(messages).ok());
  }
  std::vector<Got> connect(SessionId session, std::uint32_t concurrency = 1) {
    subscribe(session, 1'000, "default", concurrency);
    idle();
    return take(session);
  }
  /// How many of these were charged before.
  static std::size_t tried(const std::vector<Got>& all) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Got& got) { return got.attempts > 1; }));
  }
};

TEST_F(Begun, AWorkerThatDiesAtOnceChargesOneMessageEachTime) {
  fill(50);
  for (int start = 0; start < 3; ++start) {
    ASSERT_EQ(connect(alice).size(), 50u) << start;
    end_session(alice);
    idle_until_quiet();
  }
  EXPECT_EQ(dead().letters.size(), 1u);
  EXPECT_EQ(dead().letters.at(0).sequence, 1u);
  EXPECT_EQ(group().ready, 49u);
  const auto rest = connect(alice);
  ASSERT_EQ(rest.size(), 49u);
  for (const Got& got : rest) {
    EXPECT_EQ(got.attempts, 1u);
    EXPECT_EQ(got.delivery, 4u);
  }
}

TEST_F(Begun, SoDoesABrokerThatDiesWithItsConsumers) {
  fill(50);
  for (int start = 0; start < 3; ++start) {
    ASSERT_EQ(connect(alice).size(), 50u) << start;
    crash();
    idle_until_quiet();
  }
  EXPECT_EQ(dead().letters.size(), 1u);
  const auto rest = connect(alice);
  ASSERT_EQ(rest.size(), 49u);
  EXPECT_EQ(tried(rest), 0u);
}

TEST_F(Begun, WhatItSaidToHaveBegunIsChargedAndNotTheOldest) {
  fill(20);
  const auto held = connect(alice);
  begun(alice, {held[7]});
  for (const bool with_the_broker : {false, true}) {
    with_the_broker ? crash() : end_session(alice);
    idle_until_quiet();
    const auto back = connect(alice);
    ASSERT_EQ(tried(back), 1u) << with_the_broker;
    EXPECT_EQ(std::find_if(back.begin(), back.end(), [](const Got& got) { return got.attempts > 1; })->sequence, 8u);
    begun(alice, {*std::find_if(back.begin(), back.end(), [](const Got& got) { return got.sequence == 8; })});
  }
}

TEST_F(Begun, AsManyAsItWorksOnAtOnceArePresumed) {
  fill(20);
  const auto held = connect(alice, 4);
  begun(alice, {held[9]});
  end_session(alice);
  idle_until_quiet();
  const auto back = connect(alice, 4);
  EXPECT_EQ(tried(back), 4u);
}

TEST_F(Begun, WhoSaysNothingIsChargedForAll) {
  fill(20);
  ASSERT_EQ(connect(alice, 0).size(), 20u);
  end_session(alice);
  idle_until_quiet();
  EXPECT_EQ(tried(connect(alice, 0)), 20u);
  crash();
  idle_until_quiet();
  const auto back = connect(alice, 0);
  for (const Got& got : back) EXPECT_EQ(got.attempts, 3u);
}

TEST_F(Begun, ReleaseTakesTheChargeBack) {
  fill(1);
  const auto held = connect(alice);
  begun(alice, held);
  EXPECT_EQ(settle(alice, model::SettleKind::release, {held[0].token()}).applied, 1u);
  idle_until_quiet();
  const auto again = take(alice);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, 1u);
  EXPECT_EQ(again[0].delivery, 2u);
  EXPECT_EQ(group().redelivered, 0u);  // nobody had it before
}

TEST_F(Begun, AFrozenWorkerIsChargedOnceAndGivenNothing) {
  fill(99);
  const auto held = connect(alice);
  begun(alice, {held[0]});
  for (int i = 0; i < 10; ++i) {
    pass(Duration{lease});
    idle_until_quiet();
  }
  EXPECT_TRUE(take(alice).empty());
  EXPECT_EQ(group().dead, 0u);
  EXPECT_EQ(group().ready, 99u);
  hear(alice);
  const auto again = take(alice);
  ASSERT_EQ(again.size(), 99u);
  EXPECT_EQ(tried(again), 1u);
}

TEST_F(Begun, AFreezeBeforeTheMarkIsPresumed) {
  fill(99);
  ASSERT_EQ(connect(alice).size(), 99u);
  pass(Duration{2 * lease});
  idle_until_quiet();
  hear(alice);
  EXPECT_EQ(tried(take(alice)), 1u);
}

TEST_F(Begun, ALeaseThatRunsOutInTheBufferOfALiveConsumerIsNotCharged) {
  fill(10);
  ASSERT_EQ(connect(alice).size(), 10u);
  for (int i = 0; i < 12; ++i) {  // it says something now and then, and has begun nothing
    pass(Duration{lease / 4});
    hear(alice);
  }
  idle_until_quiet();
  const auto again = take(alice);
  EXPECT_EQ(tried(again), 0u);
  EXPECT_GE(again.size(), 10u);
}

TEST_F(Begun, MarksOfOthersAndOfOldDeliveriesChangeNothing) {
  fill(3);
  const auto held = connect(alice);
  connect(bob);
  begun(bob, held);
  Got old = held[0];
  old.delivery = 7;
  begun(alice, {old});
  EXPECT_TRUE(turn([&](engine::Engine& e) { e.begun(alice, {SubscriptionId{1}, e.boot_epoch(), {{1, 0xffff'ffff, 9}}}); }).ok());
  EXPECT_TRUE(turn([&](engine::Engine& e) { e.begun(alice, {SubscriptionId{1}, e.boot_epoch() - 1, {{1, 3, 1}}}); }).ok());
  const auto page = std::get<PeekPage>(ask(model::Peek{"orders", "default", 0, 10, 0}));
  for (const PeekedMessage& message : page.messages) EXPECT_EQ(message.attempts, 0u);
}

TEST_F(Begun, WhatNobodyBeganIsAskedBackForOneWhoWaits) {
  fill(9);
  const auto held = connect(alice);
  ASSERT_EQ(held.size(), 9u);
  begun(alice, {held[0]});
  EXPECT_TRUE(connect(bob).empty());
  const auto asked = [&] {
    std::uint32_t count = 0;
    for (const model::Effect& effect : effects_) {
      if (const auto* recall = std::get_if<model::Recall>(&effect.what)) {
        EXPECT_EQ(effect.session, alice);
        count += recall->count;
      }
    }
    effects_.clear();
    return count;
  };
  EXPECT_EQ(asked(), 0u);
  pass(Duration{150});
  idle_until_quiet();
  EXPECT_EQ(asked(), 4u);
  (void)turn([&](engine::Engine& e) { e.set_credit(alice, SubscriptionId{1}, 5); });
  settle(alice, model::SettleKind::release, {held[5].token(), held[6].token(), held[7].token(), held[8].token()});
  EXPECT_EQ(take(bob).size(), 4u);
  EXPECT_TRUE(take(alice).empty());
}

TEST_F(Begun, WhoIsIdleComesBeforeWhoIsBusy) {
  connect(alice);
  connect(bob);
  fill(1);
  const auto first = take();
  ASSERT_EQ(first.size(), 1u);
  begun(first[0].session, first);
  const SessionId other = first[0].session == alice ? bob : alice;
  for (int i = 0; i < 2; ++i) fill(1);
  const auto next = take();
  ASSERT_EQ(next.size(), 2u);
  EXPECT_EQ(next[0].session, other);
}

}  // namespace
}  // namespace ackwire::test
