// No queue and no group takes what a turn may sweep away from the others.
#include "engine/broker_world.hpp"

namespace ackwire::test {
namespace {

class Fairness : public BrokerWorld {
 protected:
  static constexpr SubscriptionId bobs{5};

  void fill(std::size_t count, Duration delay = Duration{0}) {
    std::vector<Message> messages(count);
    for (Message& message : messages) {
      message.body = "x";
      message.delay = delay;
    }
    ASSERT_TRUE(publish(messages).ok());
  }

  /// A queue beside "orders", whose one message bob holds for 100 ms.
  void lease_in_another_queue() {
    QueuePolicy policy;
    policy.visibility_timeout = Duration{100};
    make_queue(policy, "other");
    Message message;
    message.body = "y";
    const std::string bytes = record(message);
    model::Publish frame;
    frame.queue = "other";
    frame.producer.fill('q');
    frame.producer_sequence = frame.first_unconfirmed = 1;
    frame.batches.push_back({1, bytes});
    ASSERT_TRUE(turn([&](engine::Engine& e) {
                  e.publish(producer, frame);
                  e.subscribe(bob, {bobs, "other", "default", 10});
                }).ok());
    effects_.clear();
  }

  bool bob_got_something() { return !take(bob).empty(); }

  /// Alice gives back all she has; one turn.
  void release_all() {
    std::vector<model::SettleRange> ranges;
    for (const Got& got : take(alice)) ranges.push_back(got.token());
    if (ranges.empty()) return idle();
    settle(alice, model::SettleKind::release, ranges);
  }

  bool bob_is_served_while_alice_releases() {
    for (int turns = 0; turns < 40; ++turns) {
      pass(Duration{10});
      release_all();
      hear(bob);
      if (bob_got_something()) return true;
    }
    return false;
  }
};

TEST_F(Fairness, AConsumerThatReleasesForEverDoesNotKeepTheLeasesOfAnotherQueue) {
  make_queue();
  fill(4'000);
  lease_in_another_queue();
  subscribe(alice, 4'000);
  EXPECT_TRUE(bob_is_served_while_alice_releases());
}

TEST_F(Fairness, NorThoseOfAnotherGroup) {
  QueuePolicy policy;
  policy.visibility_timeout = Duration{100};
  policy.max_attempts = 1'000;
  make_queue(policy);
  ask(model::CreateGroup{"orders", "zz", false});
  fill(3'000);
  subscribe(alice, 3'000);
  subscribe(bob, 10, "zz");
  take();
  pass(Duration{200});
  EXPECT_TRUE(bob_is_served_while_alice_releases());
}

TEST_F(Fairness, AQueueThatIsRemovedDoesNotHoldUpTheOthers) {
  make_queue();
  for (int batch = 0; batch < 3; ++batch) fill(10'000, Duration{3'600'000});
  lease_in_another_queue();
  ask(model::RemoveQueue{"orders", true});
  pass(Duration{200});
  bool back = false;
  for (int turns = 0; turns < 5 && !back; ++turns) {
    idle();
    hear(bob);
    back = bob_got_something();
  }
  EXPECT_TRUE(back);
  idle_until_quiet();
  EXPECT_EQ(rows(store::Table::retry), 1u);  // bob's
}

TEST_F(Fairness, ABacklogThatExpiredIsTakenOutInParts) {
  QueuePolicy policy;
  policy.ttl = Duration{1'000};
  make_queue(policy);
  fill(5'000);
  pass(Duration{5'000});
  subscribe(alice, 100);
  EXPECT_LE(group().dead, 3 * options_.sweep_messages);  // of the turns until here
  idle_until_quiet();
  EXPECT_EQ(group().dead, 5'000u);
}

TEST_F(Fairness, ABacklogThatExpiredLeavesWithoutAConsumer) {
  QueuePolicy policy;
  policy.ttl = Duration{1'000};
  make_queue(policy);
  fill(5'000);
  pass(Duration{5'000});
  idle_until_quiet();
  EXPECT_EQ(group().dead, 5'000u);
}

}  // namespace
}  // namespace ackwire::test
