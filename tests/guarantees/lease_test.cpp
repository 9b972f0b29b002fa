// Promises about states and leases. Each test cites docs/guarantees.md by number.
#include <thread>

#include "guarantees/scene.hpp"

namespace ackwire::guarantees {
namespace {

using std::chrono::steady_clock;

/// A queue in which messages are in every state; sequences are published in order.
class States : public Guarantees {
 protected:
  void fill() {
    QueueChange policy = fast_retry;
    policy.max_attempts = 2;
    open(policy);
    for (int number = 0; number < 60; ++number) publish("order-" + std::to_string(number));
    must(broker->publish(queue, Message{.body = "later", .delay = Duration{600'000}}));
    const auto expired = steady_clock::now() + short_life;
    must(broker->publish(queue, Message{.body = "short-lived", .ttl = short_life}));
    worker.emplace(consumer(50));
    auto got = receive(*worker, 50);
    ASSERT_EQ(got.size(), 50u);
    std::span<const Delivery> all(got);
    must(worker->ack(all.subspan(0, 10)));
    expect_conserved("after ack");
    must(worker->reject(all.subspan(10, 10), "bad address"));
    expect_conserved("after reject");
    must(worker->set_credit(0));
    must(worker->nack(all.subspan(20, 10), {.delay = Duration{600'000}, .error = "no route"}));
    expect_conserved("after nack");
    must(worker->release(all.subspan(30, 5)));
    expect_conserved("after release");
    must(broker->discard(queue, group, {.reason = {}, .sequences = {got[10].sequence(), got[11].sequence()}}));
    expect_conserved("after discard");
    must(broker->redrive(queue, group, {.reason = {}, .sequences = {got[12].sequence()}}));
    expect_conserved("after redrive");
    std::this_thread::sleep_until(expired);
  }

  static constexpr Duration short_life{1'000};  // long enough to be published on a busy machine

  std::optional<Consumer> worker;
};

TEST_F(States, I3_EachMessageIsInExactlyOnePlace) {
  fill();
  auto found = places();
  std::set<std::uint64_t> sequences;
  for (const auto& [sequence, place] : found)
    EXPECT_TRUE(sequences.insert(sequence).second) << sequence << " is " << place << " as well";
  auto info = group_info();
  EXPECT_EQ(found.size(), info.published - info.acked - info.expired - info.discarded);
  EXPECT_EQ(info.acked, 10u);
  EXPECT_EQ(info.discarded, 2u);
  worker.reset();
  close();
  expect_sound();
}

TEST_F(States, I4_CountersAddUpAndEqualARecountInEveryState) {
  fill();
  worker.reset();
  expect_conserved("after the consumer left");
  close();
  expect_sound();
  reopen();
  expect_conserved("after a restart");
  must(broker->purge(queue));
  expect_conserved("after a purge");
  close();
  expect_sound();
}

using Leases = Guarantees;

TEST_F(Leases, I6_ATokenOfALeaseThatEndedChangesNothing) {
  QueueChange policy = fast_retry;
  policy.visibility_timeout = Duration{200};
  open(policy);
  publish("one");
  auto slow = consumer(1, false);
  auto late = receive(slow, 1).at(0);
  must(slow.set_credit(0));
  auto other = consumer(1, true);
  auto current = receive(other, 1).at(0);
  EXPECT_EQ(current.sequence(), late.sequence());
  EXPECT_NE(current.lease_token(), late.lease_token());

  auto refused = must(slow.ack(late));
  EXPECT_EQ(refused.applied, 0u);
  EXPECT_EQ(refused.stale, std::vector<std::uint64_t>{late.sequence()});
  EXPECT_EQ(must(slow.extend(late, Duration{60'000})).applied, 0u);
  EXPECT_EQ(must(slow.reject(late, "too late")).applied, 0u);
  EXPECT_EQ(group_info().acked, 0u);
  EXPECT_EQ(group_info().dead, 0u);
  EXPECT_EQ(must(other.ack(current)).applied, 1u);
  EXPECT_GE(group_info().stale_settles, 1u);  // the client knows the rest by itself
}

TEST_F(Leases, I6_ATokenFromBeforeARestartChangesNothing) {
  open(fast_retry);
  publish("one");
  auto before = consumer();
  auto old = receive(before, 1).at(0);
  before = Consumer{};
  reopen();
  auto after = consumer();
  auto current = receive(after, 1).at(0);
  EXPECT_GT(current.lease_token().boot_epoch, old.lease_token().boot_epoch);
  auto refused = after.ack(old);
  EXPECT_TRUE(!refused || refused->applied == 0);
  EXPECT_EQ(group_info().acked, 0u);
  EXPECT_EQ(must(after.ack(current)).applied, 1u);
}

TEST_F(Leases, I8_AMessageHasOneLeaseAtATime) {
  open();
  for (int number = 0; number < 400; ++number) must(broker->publish_async(queue, Message{.body = "order"}));
  must(broker->flush());
  auto first = consumer(200), second = consumer(200);
  auto a = receive(first, 200), b = receive(second, 200);
  std::set<std::uint64_t> held;
  for (const auto& delivery : a) EXPECT_TRUE(held.insert(delivery.sequence()).second);
  for (const auto& delivery : b) EXPECT_TRUE(held.insert(delivery.sequence()).second);
  EXPECT_EQ(held.size(), 400u);
  EXPECT_EQ(group_info().leased, 400u);
  EXPECT_EQ(group_info().ready, 0u);
}

TEST_F(Leases, I9_ALeaseEndsAtItsDeadlineAndNotBefore) {
  QueueChange policy = fast_retry;
  policy.visibility_timeout = Duration{700};
  open(policy);
  publish("one");
  auto slow = consumer(1, false);
  auto started = steady_clock::now();
  ASSERT_EQ(receive(slow, 1).size(), 1u);
  must(slow.set_credit(0));
  auto other = consumer(1, true);
  ASSERT_EQ(receive(other, 1).size(), 1u);
  auto took = steady_clock::now() - started;
  // The lease began at the broker a little before the message was here.
  EXPECT_GE(took, std::chrono::milliseconds{600});
  EXPECT_LE(took, std::chrono::milliseconds{5'700});
  EXPECT_EQ(group_info().lease_expired, 1u);
}

TEST_F(Leases, I23_AReadyMessageReachesAWaitingConsumer) {
  open();
  auto from = consumer();
  for (int round = 0; round < 20; ++round) {
    std::thread later([&] { publish("order-" + std::to_string(round)); });
    auto got = receive(from, 1, Duration{5'000});
    later.join();
    ASSERT_EQ(got.size(), 1u) << round;
    must(from.ack(got));
  }
}

TEST_F(Leases, I23_EveryCallEndsByItsDeadline) {
  open();
  auto endpoint = must(broker->listen("ipc://" + (folder / "socket").string()));
  auto client = must(Client::connect(endpoint, {.call_timeout = Duration{700}}));
  must(client.publish(queue, Message{.body = "while it is up"}));
  close();
  auto started = steady_clock::now();
  auto lost = client.publish(queue, Message{.body = "while it is down"});
  auto took = steady_clock::now() - started;
  EXPECT_TRUE(code_of(lost) == "timeout" || code_of(lost) == "disconnected") << code_of(lost);
  EXPECT_LE(took, std::chrono::seconds{5});
}

}  // namespace
}  // namespace ackwire::guarantees
