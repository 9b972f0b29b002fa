// Promises about repeated publishes, the dead-letter queue and limits. Each test cites docs/guarantees.md by number.
#include <thread>

#include "guarantees/scene.hpp"

namespace ackwire::guarantees {
namespace {

using Keys = Guarantees;

TEST_F(Keys, I12_ARepeatedKeyIsOneMessageWithTheFirstReceipt) {
  open();
  auto first = publish("two tickets", "order-91");
  EXPECT_FALSE(first.duplicate);
  for (int round = 0; round < 3; ++round) {
    auto again = publish("two tickets", "order-91");
    EXPECT_TRUE(again.duplicate);
    EXPECT_EQ(again.sequence, first.sequence);
    reopen();
  }
  EXPECT_EQ(drain(), std::vector<std::string>{"two tickets"});
  EXPECT_TRUE(publish("two tickets", "order-91").duplicate) << "acked messages are remembered as well";
  EXPECT_EQ(must(broker->queue_info(queue)).duplicates_suppressed, 4u);
}

TEST_F(Keys, I12_TheSameKeyWithAnotherBodyIsAConflictAndStoresNothing) {
  open();
  publish("two tickets", "order-91");
  EXPECT_EQ(code_of(broker->publish(queue, Message{.body = "nine tickets", .idempotency_key = "order-91"})), "key_conflict");
  EXPECT_EQ(drain(), std::vector<std::string>{"two tickets"});
}

TEST_F(Keys, I12_InsideOneBatchTheSameKeyIsOneMessage) {
  open();
  std::vector<Message> batch{{.body = "a", .idempotency_key = "k"}, {.body = "b"}, {.body = "a", .idempotency_key = "k"}};
  auto receipts = must(broker->publish(queue, batch));
  ASSERT_EQ(receipts.size(), 3u);
  EXPECT_FALSE(receipts[0].duplicate);
  EXPECT_TRUE(receipts[2].duplicate);
  EXPECT_EQ(receipts[2].sequence, receipts[0].sequence);
  EXPECT_EQ(drain(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(Keys, I14_AKeyIsKeptWhileItsMessageIsNotFinal) {
  QueueChange policy;
  policy.dedupe_window = Duration{50};
  open(policy);
  auto ready = publish("ready", "key-ready").sequence;
  auto dead = publish("dead", "key-dead").sequence;
  {
    auto from = consumer();
    for (const auto& delivery : receive(from, 2)) {
      if (delivery.sequence() == dead) must(from.reject(delivery, "bad address"));
    }
  }
  for (int round = 0; round < 10; ++round) {
    publish("other", "key-other-" + std::to_string(round));
    std::this_thread::sleep_for(std::chrono::milliseconds{30});
  }
  reopen();
  EXPECT_EQ(publish("ready", "key-ready").sequence, ready);
  EXPECT_EQ(publish("dead", "key-dead").sequence, dead);
}

class DeadLetters : public Guarantees {
 protected:
  /// Publishes and rejects `count` messages with keys "key-0"...
  std::vector<std::uint64_t> reject_some(int count) {
    open(fast_retry);
    std::vector<std::uint64_t> sequences;
    for (int number = 0; number < count; ++number) sequences.push_back(publish("poison", "key-" + std::to_string(number)).sequence);
    auto from = consumer();
    must(from.reject(receive(from, static_cast<std::size_t>(count)), "bad address"));
    return sequences;
  }
};

TEST_F(DeadLetters, I15_AMoveToTheDeadLettersKeepsEverythingAndLeavesNothingBehind) {
  QueueChange policy = fast_retry;
  policy.max_attempts = 3;
  open(policy);
  auto sequence =
      must(broker->publish(queue, Message{.body = "poison", .idempotency_key = "order-91", .ordering_key = "a"})).sequence;
  auto from = consumer();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    auto got = receive(from, 1);
    ASSERT_EQ(got.size(), 1u) << attempt;
    must(from.nack(got, {.delay = {}, .error = "failure " + std::to_string(attempt)}));
  }
  auto found = places();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], std::make_pair(sequence, std::string("dead")));
  auto letter = must(broker->dead_letters(queue, group, 1, 10)).letters.at(0);
  EXPECT_EQ(letter.reason, DeadReason::max_attempts);
  EXPECT_EQ(letter.body, "poison");
  EXPECT_EQ(letter.idempotency_key, "order-91");
  EXPECT_EQ(letter.ordering_key, "a");
  ASSERT_EQ(letter.errors.size(), 3u);
  for (std::size_t index = 0; index < 3; ++index) EXPECT_EQ(letter.errors[index].text, "failure " + std::to_string(index + 1));
  from = Consumer{};
  close();
  expect_sound();
}

TEST_F(DeadLetters, I16_ARedriveKeepsSequenceAndKeyAndIsNotSwallowedByTheDedupe) {
  auto sequences = reject_some(20);
  auto moved = must(broker->redrive(queue, group));
  EXPECT_EQ(moved.moved, 20u);
  EXPECT_EQ(must(broker->redrive(queue, group)).moved, 0u) << "a repeat finds nothing left";
  auto from = consumer();
  auto got = receive(from, 20);
  ASSERT_EQ(got.size(), 20u);
  std::set<std::uint64_t> seen;
  for (const auto& delivery : got) {
    seen.insert(delivery.sequence());
    EXPECT_EQ(delivery.attempts(), 1u);
    EXPECT_EQ(delivery.deliveries(), 2u);
    EXPECT_TRUE(delivery.idempotency_key().starts_with("key-"));
  }
  EXPECT_EQ(seen, std::set<std::uint64_t>(sequences.begin(), sequences.end()));
  EXPECT_TRUE(publish("poison", "key-0").duplicate);
  must(from.ack(got));
  expect_conserved("after the redrive");
}

TEST_F(DeadLetters, I16_AKillDuringARedriveLeavesEachMessageOnOneSide) {
  auto sequences = reject_some(500);
  close();
  auto said = kill_after(3, [&](const Say& say) {
    reopen();
    for (std::size_t first = 0; first < sequences.size(); first += 10) {
      DeadFilter some;
      some.sequences.assign(sequences.begin() + static_cast<std::ptrdiff_t>(first),
                            sequences.begin() + static_cast<std::ptrdiff_t>(first + 10));
      must(broker->redrive(queue, group, some));
      say("moved");
    }
  });
  expect_sound();
  reopen();
  auto found = places();
  std::set<std::uint64_t> once;
  std::size_t back = 0;
  for (const auto& [sequence, place] : found) {
    EXPECT_TRUE(once.insert(sequence).second) << sequence;
    back += place != "dead";
  }
  EXPECT_EQ(once, std::set<std::uint64_t>(sequences.begin(), sequences.end()));
  EXPECT_GE(back, said.size() * 10);
}

using Limits = Guarantees;

TEST_F(Limits, I17_OverALimitIsARefusalByNameAndSettlingStillWorks) {
  QueueChange policy = fast_retry;
  policy.max_depth = 10;
  open(policy);
  for (int number = 0; number < 10; ++number) publish("order-" + std::to_string(number));
  auto refused = broker->publish(queue, Message{.body = "one too many"});
  ASSERT_EQ(code_of(refused), "overloaded");
  EXPECT_GT(refused.error().retry_after.count(), 0);
  EXPECT_EQ(must(broker->queue_info(queue)).refused, 1u);

  auto from = consumer();
  auto got = receive(from, 10);
  ASSERT_EQ(got.size(), 10u);
  std::span<const Delivery> all(got);
  EXPECT_EQ(must(from.nack(all.subspan(0, 1), {.delay = Duration{600'000}, .error = ""})).applied, 1u);
  EXPECT_EQ(must(from.reject(all.subspan(1, 1), "bad address")).applied, 1u);
  EXPECT_EQ(must(from.ack(all.subspan(2))).applied, 8u);
  publish("there is room again");
}

TEST_F(Limits, I17_AFullMapRefusesPublishesAndCanBeAckedEmpty) {
  broker.emplace(must(Broker::open(folder / "store", {.store_bytes_limit = 16u << 20, .disk_floor_bytes = 0})));
  must(broker->ensure_queue(queue));
  std::string body(64 * 1024, 'x');
  std::string code = "ok";
  std::size_t stored = 0;
  for (; code == "ok" && stored < 1'000; ++stored) code = code_of(broker->publish(queue, Message{.body = body}));
  ASSERT_EQ(code, "overloaded");
  --stored;
  EXPECT_EQ(drain().size(), stored);
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  do {
    code = code_of(broker->publish(queue, Message{.body = body}));
  } while (code == "overloaded" && std::chrono::steady_clock::now() < deadline);
  EXPECT_EQ(code, "ok");
}

}  // namespace
}  // namespace ackwire::guarantees
