// Every verb of the public interface, through every face.
#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

using VerbsTest = FaceTest;

TEST_P(VerbsTest, PublishReceiveAck) {
  make_queue();
  Consumer from = consumer();
  const Header headers[] = {{"tenant", "a"}, {"trace", "1"}};
  Message sent = message("hello", "key-1");
  sent.ordering_key = "customer-7";
  sent.headers = headers;
  const auto receipt = face().publish("orders", sent);
  ASSERT_TRUE(receipt.ok()) << receipt.error().message;
  EXPECT_EQ(receipt->sequence, 1u);
  EXPECT_FALSE(receipt->duplicate);
  const auto got = receive(from, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body(), "hello");
  EXPECT_EQ(got[0].idempotency_key(), "key-1");
  EXPECT_EQ(got[0].ordering_key(), "customer-7");
  ASSERT_EQ(got[0].headers().size(), 2u);
  EXPECT_EQ(got[0].headers()[0].name, "tenant");
  EXPECT_EQ(got[0].headers()[1].value, "1");
  EXPECT_EQ(got[0].deliveries(), 1u);
  EXPECT_EQ(got[0].attempts(), 1u);
  const auto settled = from.ack(got);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->applied, 1u);
  EXPECT_TRUE(settled->stale.empty());
  const GroupInfo after = group();
  EXPECT_EQ(after.acked, 1u);
  EXPECT_EQ(after.leased, 0u);
  EXPECT_EQ(from.ack(got)->applied, 1u) << "the same ack again is the same answer";
  EXPECT_EQ(group().acked, 1u);
}

TEST_P(VerbsTest, AnEmptyBodyAndAnyBytesComeBackAsTheyWere) {
  make_queue();
  const std::string bytes{"\0\xff\x01 binary", 10};
  const Message messages[] = {message(""), message(bytes)};
  ASSERT_TRUE(face().publish("orders", messages).ok());
  Consumer from = consumer();
  const auto got = receive(from, 2);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].body(), "");
  EXPECT_EQ(got[1].body(), bytes);
}

TEST_P(VerbsTest, ALargeBatchGoesThroughInOrder) {
  make_queue();
  publish(5'000);
  ConsumerOptions options;
  options.credit = 10'000;
  Consumer from = consumer(options);
  const auto got = receive(from, 5'000, 20s);
  ASSERT_EQ(got.size(), 5'000u);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].sequence(), i + 1);
    ASSERT_EQ(got[i].body(), "body " + std::to_string(i));
  }
  EXPECT_EQ(from.ack(got)->applied, 5'000u);
}

TEST_P(VerbsTest, LargeMessagesGoThrough) {
  make_queue();
  const std::string large(limits::message_bytes, 'x');
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(face().publish("orders", message(large)).ok());
  Consumer from = consumer();
  const auto got = receive(from, 3, 20s);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[2].body(), large);
}

TEST_P(VerbsTest, AsyncPublishesAndAcks) {
  make_queue();
  std::vector<PendingPublish> pending;
  for (int i = 0; i < 2'000; ++i) {
    auto publish = face().publish_async("orders", message("x"));
    ASSERT_TRUE(publish.ok());
    pending.push_back(*std::move(publish));
  }
  ASSERT_TRUE(face().flush().ok());
  for (std::size_t i = 0; i < pending.size(); ++i) ASSERT_EQ(pending[i].wait(0ms)->front().sequence, i + 1);
  ConsumerOptions options;
  options.credit = 100;
  Consumer from = consumer(options);
  std::size_t got = 0;
  while (got < pending.size()) {
    const auto some = receive(from, 50);
    ASSERT_FALSE(some.empty());
    for (const Delivery& delivery : some) from.ack_async(delivery);
    got += some.size();
  }
  ASSERT_TRUE(from.flush().ok());
  EXPECT_EQ(from.stale_acks(), 0u);
  EXPECT_EQ(group().acked, 2'000u);
}

TEST_P(VerbsTest, ANackComesBackAfterItsDelay) {
  make_queue();
  publish(1);
  Consumer from = consumer();
  const auto first = receive(from, 1);
  ASSERT_EQ(first.size(), 1u);
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(from.nack(first, {.delay = 200ms, .error = "no luck"})->applied, 1u);
  EXPECT_EQ(group().delayed, 1u);
  const auto again = receive(from, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 190ms);
  EXPECT_EQ(again[0].deliveries(), 2u);
  EXPECT_EQ(again[0].attempts(), 2u);
  EXPECT_EQ(again[0].body(), "body 0");
}

TEST_P(VerbsTest, AReleaseComesBackAtOnceAndIsNotCharged) {
  make_queue();
  publish(1);
  Consumer from = consumer();
  const auto first = receive(from, 1);
  ASSERT_EQ(from.release(first)->applied, 1u);
  const auto again = receive(from, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].deliveries(), 2u);
  EXPECT_EQ(again[0].attempts(), 1u);
}

TEST_P(VerbsTest, ExtendMovesTheEndOfTheLease) {
  QueuePolicy policy;
  policy.visibility_timeout = 200ms;
  policy.backoff.initial = 0ms;
  make_queue(policy);
  publish(1);
  ConsumerOptions options;
  options.renew_leases = false;
  Consumer from = consumer(options);
  const auto first = receive(from, 1);
  ASSERT_EQ(from.extend(first, 2s)->applied, 1u);
  std::this_thread::sleep_for(600ms);
  EXPECT_EQ(from.ack(first)->applied, 1u);
}

TEST_P(VerbsTest, AnExpiredLeaseComesBackAndTheOldOneIsStale) {
  QueuePolicy policy;
  policy.visibility_timeout = 150ms;
  policy.backoff.initial = 0ms;
  make_queue(policy);
  publish(1);
  ConsumerOptions options;
  options.renew_leases = false;
  Consumer from = consumer(options);
  const auto first = receive(from, 1);
  ASSERT_EQ(first.size(), 1u);
  const auto again = receive(from, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].deliveries(), 2u);
  const auto stale = from.ack(first);
  ASSERT_TRUE(stale.ok());
  EXPECT_EQ(stale->stale, std::vector<std::uint64_t>{1});
  EXPECT_EQ(from.ack(again)->applied, 1u);
  EXPECT_EQ(group().lease_expired, 1u);
}

TEST_P(VerbsTest, LeasesAreRenewedWhileTheyAreHeld) {
  QueuePolicy policy;
  policy.visibility_timeout = 150ms;
  make_queue(policy);
  publish(2);
  Consumer from = consumer();
  const auto held = receive(from, 1);
  ASSERT_EQ(held.size(), 1u);
  std::this_thread::sleep_for(700ms);
  const auto second = receive(from, 1);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].sequence(), 2u) << "it waited in the client under a renewed lease";
  EXPECT_EQ(second[0].deliveries(), 1u);
  EXPECT_EQ(from.ack(held)->applied, 1u);
  EXPECT_EQ(from.ack(second)->applied, 1u);
}

TEST_P(VerbsTest, RejectedMessagesAreDeadAndCanBeRedrivenOrDiscarded) {
  make_queue();
  publish(3);
  Consumer from = consumer();
  const auto got = receive(from, 3);
  ASSERT_EQ(got.size(), 3u);
  ASSERT_EQ(from.reject(got, "cannot be read")->applied, 3u);
  const auto page = face().dead_letters("orders", "default", 0, 10);
  ASSERT_TRUE(page.ok()) << page.error().message;
  ASSERT_EQ(page->letters.size(), 3u);
  EXPECT_EQ(page->total, 3u);
  EXPECT_EQ(page->letters[0].sequence, 1u);
  EXPECT_EQ(page->letters[0].reason, DeadReason::rejected);
  EXPECT_EQ(page->letters[0].detail, "cannot be read");
  EXPECT_EQ(page->letters[0].body, "body 0");

  DeadFilter filter;
  filter.sequences = {2, 77};
  const auto moved = face().redrive("orders", "default", filter);
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->moved, 1u);
  EXPECT_EQ(moved->not_found, std::vector<std::uint64_t>{77});
  const auto again = receive(from, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].sequence(), 2u);
  EXPECT_EQ(again[0].attempts(), 1u);
  ASSERT_TRUE(from.ack(again).ok());

  const auto discarded = face().discard("orders", "default");
  ASSERT_TRUE(discarded.ok()) << discarded.error().message;
  EXPECT_EQ(discarded->moved, 2u);
  const GroupInfo after = group();
  EXPECT_EQ(after.dead, 0u);
  EXPECT_EQ(after.discarded, 2u);
  EXPECT_EQ(after.acked, 1u);
}

TEST_P(VerbsTest, SpentAttemptsMakeADeadLetterWithEveryError) {
  QueuePolicy policy;
  policy.max_attempts = 3;
  policy.backoff.initial = 0ms;
  make_queue(policy);
  publish(1);
  Consumer from = consumer();
  for (int i = 1; i <= 3; ++i) {
    const auto got = receive(from, 1);
    ASSERT_EQ(got.size(), 1u);
    ASSERT_TRUE(from.nack(got, {.delay = {}, .error = "error " + std::to_string(i)}).ok());
  }
  const auto page = face().dead_letters("orders", "default", 0, 10);
  ASSERT_EQ(page->letters.size(), 1u);
  EXPECT_EQ(page->letters[0].reason, DeadReason::max_attempts);
  ASSERT_EQ(page->letters[0].errors.size(), 3u);
  EXPECT_EQ(page->letters[0].errors[2].text, "error 3");
  EXPECT_EQ(page->letters[0].attempts, 3u);
}

TEST_P(VerbsTest, AKnownKeyIsADuplicateAndAnotherBodyIsAConflict) {
  make_queue();
  ASSERT_EQ(face().publish("orders", message("a", "k"))->sequence, 1u);
  const auto again = face().publish("orders", message("a", "k"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->sequence, 1u);
  EXPECT_EQ(face().publish("orders", message("b", "k")).error().code, Errc::key_conflict);
  const Message mixed[] = {message("c", "new"), message("a", "k")};
  const auto receipts = face().publish("orders", mixed);
  ASSERT_TRUE(receipts.ok());
  EXPECT_FALSE((*receipts)[0].duplicate);
  EXPECT_TRUE((*receipts)[1].duplicate);
  EXPECT_EQ(face().queue_info("orders")->duplicates_suppressed, 2u);
}

TEST_P(VerbsTest, DelayedMessagesWait) {
  make_queue();
  Message late = message("late");
  late.delay = 300ms;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(face().publish("orders", late).ok());
  ASSERT_TRUE(face().publish("orders", message("now")).ok());
  Consumer from = consumer();
  EXPECT_EQ(receive(from, 1)[0].body(), "now");
  const auto second = receive(from, 1);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].body(), "late");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 290ms);
}

TEST_P(VerbsTest, ClosedConsumersGiveBackWhatTheyDidNotHandOut) {
  make_queue();
  publish(10);
  {
    Consumer from = consumer();
    const auto got = receive(from, 4);
    ASSERT_EQ(got.size(), 4u);
    ASSERT_TRUE(from.ack(got).ok());
    from.close();
  }
  Consumer next = consumer();
  const auto rest = receive(next, 6);
  ASSERT_EQ(rest.size(), 6u);
  for (const Delivery& delivery : rest) EXPECT_EQ(delivery.attempts(), 1u) << delivery.sequence();
}

TEST_P(VerbsTest, WhatIsStoredOutlivesTheBroker) {
  make_queue();
  publish(100);
  {
    Consumer from = consumer();
    const auto got = receive(from, 30);
    ASSERT_EQ(got.size(), 30u);
    ASSERT_EQ(from.ack(got)->applied, 30u);
    from.close();
  }
  ASSERT_EQ(face().publish("orders", message("keyed", "k"))->sequence, 101u);
  reopen();
  EXPECT_TRUE(face().publish("orders", message("keyed", "k"))->duplicate);
  Consumer from = consumer();
  const auto rest = receive(from, 71);
  ASSERT_EQ(rest.size(), 71u);
  EXPECT_EQ(rest[0].sequence(), 31u);
  EXPECT_EQ(rest[70].body(), "keyed");
  EXPECT_EQ(from.ack(rest)->applied, 71u);
  EXPECT_EQ(face().publish("orders", message("next"))->sequence, 102u);
}

INSTANTIATE_TEST_SUITE_P(Faces, VerbsTest, testing::Values(Face::embedded, Face::tcp, Face::ipc), face_name);

}  // namespace
}  // namespace ackwire::test
