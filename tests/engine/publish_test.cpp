#include "engine/broker_world.hpp"

namespace ackwire::test {

class Publish : public BrokerWorld {};

TEST_F(Publish, GivesRisingSequencesAndDelivers) {
  make_queue();
  EXPECT_EQ((*publish("a"))[0].sequence, 1u);
  EXPECT_EQ((*publish("b"))[0].sequence, 2u);
  subscribe(alice);
  const auto got = take(alice);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].body, "a");
  EXPECT_EQ(got[1].sequence, 2u);
  EXPECT_EQ(got[0].delivery, 1u);
  EXPECT_EQ(got[0].attempts, 1u);
  expect_conserved();
}

TEST_F(Publish, RefusesAnUnknownQueue) { EXPECT_EQ(publish("a").error().code, Errc::no_queue); }

TEST_F(Publish, SuppressesAKnownKeyAndSaysTheOriginalSequence) {
  make_queue();
  EXPECT_FALSE((*publish("a", "k"))[0].duplicate);
  pass(Duration{1000});
  const auto again = *publish("a", "k");
  EXPECT_TRUE(again[0].duplicate);
  EXPECT_EQ(again[0].sequence, 1u);
  EXPECT_EQ(info().published, 1u);
  EXPECT_EQ(info().duplicates_suppressed, 1u);
}

TEST_F(Publish, SaysWhenADuplicateCameWithSomethingElse) {
  make_queue();
  const Header one[] = {{"a", "1"}}, other[] = {{"a", "2"}};
  Message original;
  original.body = "same";
  original.idempotency_key = "k";
  original.headers = one;
  ASSERT_FALSE((*publish({original}))[0].differs);
  const auto differs = [&](auto change) {
    Message repeat = original;
    change(repeat);
    const auto receipt = (*publish({repeat}))[0];
    EXPECT_TRUE(receipt.duplicate);
    EXPECT_EQ(receipt.sequence, 1u);
    return receipt.differs;
  };
  EXPECT_FALSE(differs([](Message&) {}));
  EXPECT_TRUE(differs([&](Message& m) { m.headers = other; }));
  EXPECT_TRUE(differs([&](Message& m) { m.headers = {}; }));
  EXPECT_TRUE(differs([&](Message& m) { m.ordering_key = "o"; }));
  EXPECT_TRUE(differs([&](Message& m) { m.delay = Duration{1000}; }));
  EXPECT_TRUE(differs([&](Message& m) { m.ttl = Duration{60'000}; }));
  crash();
  EXPECT_FALSE(differs([](Message&) {}));
  EXPECT_TRUE(differs([&](Message& m) { m.headers = other; }));
  Message twin = original;
  twin.idempotency_key = original.idempotency_key = "k2";
  twin.headers = other;
  const auto both = *publish({original, twin});
  EXPECT_TRUE(both[1].duplicate && both[1].differs);
}

TEST_F(Publish, RefusesAKnownKeyWithAnotherBody) {
  make_queue();
  ASSERT_TRUE(publish("a", "k").ok());
  const auto other = publish("b", "k");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Errc::key_conflict);
  EXPECT_EQ(info().published, 1u);
}

TEST_F(Publish, FindsTwinsInsideOneBatch) {
  make_queue();
  Message a, b;
  a.body = b.body = "same";
  a.idempotency_key = b.idempotency_key = "k";
  const auto receipts = *publish({a, b});
  EXPECT_FALSE(receipts[0].duplicate);
  EXPECT_TRUE(receipts[1].duplicate);
  EXPECT_EQ(receipts[0].sequence, receipts[1].sequence);
  b.body = "other";
  b.idempotency_key = a.idempotency_key = "k2";
  EXPECT_EQ(publish({a, b}).error().code, Errc::key_conflict);
}

TEST_F(Publish, RemembersKeysOverARestart) {
  make_queue();
  ASSERT_TRUE(publish("a", "k").ok());
  crash();
  EXPECT_TRUE((*publish("a", "k"))[0].duplicate);
}

TEST_F(Publish, AnswersARepeatedFrameAsBefore) {
  make_queue();
  const auto first = *publish("a");
  const auto again = *publish({Message{.body = "a"}}, producer_sequence_);
  EXPECT_EQ(first[0].sequence, again[0].sequence);
  EXPECT_EQ(info().published, 1u);
  crash();
  const auto after = *publish({Message{.body = "a"}}, producer_sequence_);
  EXPECT_EQ(first[0].sequence, after[0].sequence);
  EXPECT_EQ(info().published, 1u);
}

TEST_F(Publish, RefusesOverTheDepthLimitByName) {
  QueuePolicy policy;
  policy.max_depth = 2;
  make_queue(policy);
  ASSERT_TRUE(publish("a").ok());
  ASSERT_TRUE(publish("b").ok());
  const auto third = publish("c");
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, Errc::overloaded);
  EXPECT_GT(third.error().retry_after.count(), 0);
  subscribe(alice);
  ack(alice, take()[0]);
  EXPECT_TRUE(publish("c").ok());
}

TEST_F(Publish, KeepsLargeAndSmallMessagesApart) {
  make_queue();
  const std::string large(1 << 20, 'L'), medium(60'000, 'M');
  subscribe(alice, 1000);
  for (const std::string& body : {std::string("s"), large, medium, medium, std::string(), large}) ASSERT_TRUE(publish(body).ok());
  const auto got = take();
  ASSERT_EQ(got.size(), 6u);
  EXPECT_EQ(got[1].body, large);
  EXPECT_EQ(got[4].body, "");
  for (const Got& g : got) EXPECT_EQ(ack(alice, g).applied, 1u);
  EXPECT_EQ(rows(store::Table::blocks), 0u);
  expect_conserved();
}

TEST_F(Publish, DelaysAndDeliversWhenDue) {
  make_queue();
  subscribe(alice);
  Message now_message, later;
  now_message.body = "now";
  later.body = "later";
  later.delay = Duration{5'000};
  const auto receipts = *publish({later, now_message});
  EXPECT_EQ(receipts[1].sequence, 1u);  // what is delivered at once comes first
  EXPECT_EQ(receipts[0].sequence, 2u);
  EXPECT_EQ(take().size(), 1u);
  EXPECT_EQ(group().delayed, 1u);
  pass(Duration{4'999});
  idle();
  EXPECT_TRUE(take().empty());
  pass(Duration{1});
  idle();
  const auto got = take();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body, "later");
  EXPECT_EQ(got[0].delivery, 1u);
  EXPECT_EQ(ack(alice, got[0]).applied, 1u);
  expect_conserved();
}

TEST_F(Publish, NeverReusesASequence) {
  make_queue();
  subscribe(alice);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publish("a").ok());
  for (const Got& g : take()) (void)ack(alice, g);
  EXPECT_EQ(rows(store::Table::blocks), 0u);
  crash();
  EXPECT_EQ((*publish("b"))[0].sequence, 6u);
}

}  // namespace ackwire::test
