#include <atomic>
#include <map>

#include "client_fixture.hpp"
#include "format/record.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

using PublishTest = ClientTest;

model::Publish decoded(const std::string& frame) {
  wire::Frame split;
  EXPECT_TRUE(wire::split_frame(frame, split).ok());
  model::Publish publish;
  EXPECT_TRUE(wire::decode_publish(split.payload, publish).ok());
  return publish;
}

TEST_F(PublishTest, ReceiptsAreInTheOrderOfTheMessages) {
  connect();
  const Message messages[] = {message("a"), message("b"), message("c")};
  const auto receipts = connection->publish("orders", messages);
  ASSERT_TRUE(receipts.ok()) << receipts.error().message;
  ASSERT_EQ(receipts->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*receipts)[i].sequence, i + 1);
  EXPECT_EQ(connection->publish("orders", message("d"))->sequence, 4u);
}

TEST_F(PublishTest, WhatIsPublishedWhileAFrameIsUnderWayGoesOutInTheNextOne) {
  connect();
  broker.run([&] { broker.confirms = false; });
  std::vector<PendingPublish> pending;
  pending.push_back(*connection->publish_async("orders", message("first")));
  ASSERT_TRUE(broker.wait_for(Operation::publish, 1));
  for (int i = 0; i < 100; ++i) pending.push_back(*connection->publish_async("orders", message("later")));
  EXPECT_EQ(broker.count(Operation::publish), 1u);
  broker.run([&] { broker.confirms = true; });
  broker.cut();  // the first frame again, now answered, then the other hundred in one
  for (const auto& publish : pending) ASSERT_TRUE(publish.wait(5s).ok());
  const auto frames = broker.frames(Operation::publish);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(decoded(frames[2]).batches.size(), 100u);
  EXPECT_EQ(pending.back().wait(0ms)->front().sequence, 101u);
}

TEST_F(PublishTest, AFrameIsSentWhenItReachesItsTargetAndManyAreUnderWay) {
  client::CoreOptions options;
  options.frame_target_bytes = 4'096;
  options.frames_in_flight = 3;
  connect(options);
  broker.run([&] { broker.confirms = false; });
  const std::string body(1'000, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(connection->publish_async("orders", message(body)).ok());
  ASSERT_TRUE(broker.wait_for(Operation::publish, 3));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(broker.count(Operation::publish), 3u);
  broker.run([&] { broker.confirms = true; });
  broker.cut();
  EXPECT_TRUE(connection->flush(5s).ok());
  EXPECT_EQ(broker.published(), 40u);
}

TEST_F(PublishTest, AfterALostConnectionTheSameBytesAreSentAgainInOrderAndNothingIsStoredTwice) {
  client::CoreOptions options;
  options.frame_target_bytes = 2'000;
  connect(options);
  broker.run([&] { broker.confirms = false; });
  const std::string body(900, 'x');
  std::vector<PendingPublish> pending;
  for (int i = 0; i < 20; ++i) pending.push_back(*connection->publish_async("orders", message(body)));
  // The last ones may still be in the open frame.
  ASSERT_TRUE(broker.wait_for(Operation::publish, 6));
  broker.run([&] { broker.confirms = true; });
  broker.cut();
  for (const auto& publish : pending) ASSERT_TRUE(publish.wait(5s).ok());
  std::map<std::uint64_t, std::string> sent;
  std::size_t repeated = 0;
  for (const std::string& frame : broker.frames(Operation::publish)) {
    const auto [first, is_first] = sent.emplace(decoded(frame).producer_sequence, frame);
    repeated += is_first ? 0 : 1;
    EXPECT_EQ(first->second, frame);
  }
  EXPECT_GE(repeated, 6u);
  EXPECT_EQ(broker.published(), 20u);
  for (std::size_t i = 0; i < pending.size(); ++i) EXPECT_EQ(pending[i].wait(0ms)->front().sequence, i + 1);
}

TEST_F(PublishTest, ABrokerThatForgotTheSessionIsGreetedAgain) {
  connect();
  ASSERT_TRUE(connection->publish("orders", message("a")).ok());
  broker.restart();
  const auto receipt = connection->publish("orders", message("b"));
  ASSERT_TRUE(receipt.ok()) << receipt.error().message;
  EXPECT_EQ(receipt->sequence, 2u);
  EXPECT_EQ(broker.count(Operation::hello), 2u);
}

TEST_F(PublishTest, FirstUnconfirmedRisesWithTheAnswers) {
  connect();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(connection->publish("orders", message("x")).ok());
  const auto frames = broker.frames(Operation::publish);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(decoded(frames[2]).producer_sequence, 3u);
  EXPECT_EQ(decoded(frames[2]).first_unconfirmed, 3u);
}

TEST_F(PublishTest, ARefusalReachesItsCallerAndFlush) {
  connect();
  broker.run([&] { broker.publish_refusal = {Errc::overloaded, "full", 250ms}; });
  const auto refused = connection->publish("orders", message("a"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::overloaded);
  EXPECT_EQ(refused.error().retry_after, 250ms);
  EXPECT_TRUE(connection->flush().ok()) << "a blocking publish has reported its refusal itself";
  const auto pending = connection->publish_async("orders", message("b"));
  ASSERT_TRUE(pending.ok());
  const Status flushed = connection->flush();
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code, Errc::overloaded);
  EXPECT_TRUE(connection->flush().ok());
}

TEST_F(PublishTest, ABadMessageRefusesTheWholeBatchAndNamesItself) {
  connect();
  const std::string key(limits::idempotency_key_bytes + 1, 'k');
  Message messages[] = {message("a"), message("b")};
  messages[1].idempotency_key = key;
  const auto refused = connection->publish("orders", messages);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::invalid_batch);
  EXPECT_EQ(refused.error().index, 1u);
  EXPECT_EQ(connection->publish("orders", messages[1]).error().code, Errc::invalid_key);
  EXPECT_EQ(broker.count(Operation::publish), 0u);
}

TEST_F(PublishTest, LimitsAreCheckedBeforeAnythingIsSent) {
  connect();
  const std::string large(limits::message_bytes + 1, 'x');
  EXPECT_EQ(connection->publish("orders", message(large)).error().code, Errc::too_large);
  const std::vector<Message> many(limits::batch_messages + 1);
  EXPECT_EQ(connection->publish("orders", many).error().code, Errc::too_large);
  const std::string body(limits::message_bytes, 'x');
  const std::vector<Message> heavy(5, message(body));
  EXPECT_EQ(connection->publish("orders", heavy).error().code, Errc::too_large);
  EXPECT_EQ(connection->publish("", message("a")).error().code, Errc::invalid_name);
  EXPECT_EQ(connection->publish(std::string(300, 'q'), message("a")).error().code, Errc::invalid_name);
  EXPECT_EQ(broker.count(Operation::publish), 0u);
  const auto nothing = connection->publish("orders", std::span<const Message>{});
  ASSERT_TRUE(nothing.ok());
  EXPECT_TRUE(nothing->empty());
}

TEST_F(PublishTest, TheLargestBatchFitsOneFrame) {
  connect();
  const std::string body(limits::message_bytes - 100, 'x');
  const std::vector<Message> heavy(4, message(body));
  broker.run([&] { broker.confirms = false; });
  std::vector<PendingPublish> pending;
  for (int i = 0; i < 6; ++i) pending.push_back(*connection->publish_async("orders", heavy));
  broker.run([&] { broker.confirms = true; });
  broker.cut();
  for (const auto& publish : pending) ASSERT_TRUE(publish.wait(10s).ok());
  for (const auto& frame : broker.frames(Operation::publish)) EXPECT_LE(frame.size(), limits::frame_bytes);
  EXPECT_EQ(broker.published(), 24u);
}

TEST_F(PublishTest, BlocksAtMaxUnconfirmedAndSaysOverloadedAtTheDeadline) {
  client::CoreOptions options;
  options.max_unconfirmed = 10;
  options.call_timeout = 100ms;
  connect(options);
  broker.run([&] { broker.confirms = false; });
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(connection->publish_async("orders", message("x")).ok());
  const auto start = std::chrono::steady_clock::now();
  const auto refused = connection->publish_async("orders", message("x"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 90ms);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::overloaded);
  auto blocked = std::async(std::launch::async, [&] { return connection->publish_async("orders", message("y")).ok(); });
  broker.run([&] { broker.confirms = true; });
  broker.cut();
  EXPECT_TRUE(blocked.get());
  EXPECT_TRUE(connection->flush(5s).ok());
}

TEST_F(PublishTest, APublishThatDoesNotWaitForRoomIsToldWhenThereIsSome) {
  client::CoreOptions options;
  options.max_unconfirmed = 10;
  connect(options);
  std::atomic<int> told{0};
  connection->on_room([&] { ++told; });
  broker.run([&] { broker.confirms = false; });
  const Message one = message("x");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(connection->try_publish("orders", {&one, 1}).ok());
  EXPECT_EQ(connection->try_publish("orders", {&one, 1}).error().code, Errc::overloaded);
  EXPECT_EQ(connection->try_publish("orders", {&one, 1}).error().code, Errc::overloaded);
  EXPECT_EQ(told, 0);
  broker.run([&] { broker.confirms = true; });
  broker.cut();
  EXPECT_TRUE(eventually([&] { return told == 1; }));
  ASSERT_TRUE(connection->flush(5s).ok());
  EXPECT_TRUE(connection->try_publish("orders", {&one, 1}).ok());
  ASSERT_TRUE(connection->flush(5s).ok());
  EXPECT_EQ(told, 1) << "nobody asked for room again";
}

TEST_F(PublishTest, WhoeverWaitsForRoomIsToldThatTheConnectionEnds) {
  client::CoreOptions options;
  options.max_unconfirmed = 1;
  connect(options);
  std::atomic<int> told{0};
  connection->on_room([&] { ++told; });
  broker.run([&] { broker.confirms = false; });
  const Message one = message("x");
  ASSERT_TRUE(connection->try_publish("orders", {&one, 1}).ok());
  EXPECT_EQ(connection->try_publish("orders", {&one, 1}).error().code, Errc::overloaded);
  static_cast<void>(connection->close(10ms));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(connection->try_publish("orders", {&one, 1}).error().code, Errc::closed);
}

TEST_F(PublishTest, ARefusalThatWasToldIsNotToldAgain) {
  connect();
  broker.run([&] { broker.publish_refusal = {Errc::overloaded, "full", 250ms}; });
  const auto first = connection->publish_async("orders", message("a"));
  EXPECT_EQ(first->wait(5s).error().code, Errc::overloaded);
  EXPECT_TRUE(connection->flush().ok());
  ASSERT_TRUE(connection->publish_async("orders", message("b")).ok());
  EXPECT_EQ(connection->close(5s).error().code, Errc::overloaded) << "nobody was told of it";
}

TEST_F(PublishTest, APublishWithoutAnAnswerTimesOutAndIsStillUnderWay) {
  client::CoreOptions options;
  options.call_timeout = 50ms;
  connect(options);
  broker.run([&] { broker.confirms = false; });
  const auto timed_out = connection->publish("orders", message("x"));
  ASSERT_FALSE(timed_out.ok());
  EXPECT_EQ(timed_out.error().code, Errc::timeout);
  EXPECT_EQ(connection->flush(10ms).error().code, Errc::timeout);
  broker.run([&] { broker.confirms = true; });
  broker.cut();
  EXPECT_TRUE(connection->flush(5s).ok());
  EXPECT_EQ(broker.published(), 1u);
}

TEST_F(PublishTest, CloseSaysHowManyPublishesHaveNoOutcome) {
  connect();
  broker.run([&] { broker.confirms = false; });
  const Message batch[] = {message("a"), message("b")};
  const auto pending = connection->publish_async("orders", batch);
  ASSERT_TRUE(connection->publish_async("orders", message("c")).ok());
  const Status closed = connection->close(50ms);
  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().code, Errc::indeterminate);
  EXPECT_NE(closed.error().message.find("3 published messages"), std::string::npos) << closed.error().message;
  EXPECT_EQ(pending->wait(1s).error().code, Errc::indeterminate);
  EXPECT_EQ(connection->state(), ConnectionState::closed);
  EXPECT_TRUE(connection->close().ok());
  EXPECT_EQ(connection->publish("orders", message("d")).error().code, Errc::closed);
}

TEST_F(PublishTest, CloseWaitsForConfirms) {
  connect();
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(connection->publish_async("orders", message("x")).ok());
  EXPECT_TRUE(connection->close().ok());
  EXPECT_EQ(broker.published(), 1'000u);
}

TEST_F(PublishTest, APendingPublishOutlivesItsConnection) {
  connect();
  const auto pending = connection->publish_async("orders", message("x"));
  ASSERT_TRUE(pending->wait(5s).ok());
  connection.reset();
  core.reset();
  EXPECT_TRUE(pending->done());
  EXPECT_EQ(pending->wait(0ms)->front().sequence, 1u);
  EXPECT_EQ(PendingPublish{}.wait(0ms).error().code, Errc::invalid_argument);
}

TEST_F(PublishTest, DelaysAreEncodedInBrokerTime) {
  connect();
  Message delayed = message("x");
  delayed.delay = 60s;
  ASSERT_TRUE(connection->publish("orders", delayed).ok());
  const auto stored = broker.stored();
  ASSERT_EQ(stored.size(), 1u);
  std::string_view bytes = stored[0].record;
  format::Record record;
  ASSERT_TRUE(format::split(bytes, record));
  const auto wanted = broker.now_ms + 60'000;
  EXPECT_GE(record.deliver_at, wanted);
  EXPECT_LE(record.deliver_at, wanted + 5'000);
}

TEST_F(PublishTest, AnAnswerThatDoesNotFitIsIndeterminate) {
  connect();
  broker.run([&] { broker.confirms = false; });
  const auto pending = connection->publish_async("orders", message("x"));
  ASSERT_TRUE(broker.wait_for(Operation::publish, 1));
  std::string confirm;
  wire::encode_confirm_head(confirm, 1, "orders");
  confirm += "nonsense";
  broker.send(confirm);
  EXPECT_EQ(pending->wait(5s).error().code, Errc::indeterminate);
}

TEST_F(PublishTest, AFrameThatIsRefusedAsAWholeRefusesItsBatches) {
  connect();
  broker.run([&] { broker.confirms = false; });
  const auto pending = connection->publish_async("orders", message("x"));
  ASSERT_TRUE(broker.wait_for(Operation::publish, 1));
  wire::Frame frame;
  const std::string sent = broker.frames(Operation::publish)[0];
  ASSERT_TRUE(wire::split_frame(sent, frame).ok());
  std::string error;
  wire::encode_error(error, frame.request, {Errc::bad_length, "no"});
  broker.send(error);
  EXPECT_EQ(pending->wait(5s).error().code, Errc::bad_length);
}

TEST_F(PublishTest, ManyThreadsPublishAtOnce) {
  connect();
  std::vector<std::future<int>> threads;
  for (int t = 0; t < 4; ++t) {
    threads.push_back(std::async(std::launch::async, [&, t] {
      int stored = 0;
      for (int i = 0; i < 200; ++i) {
        if (i % 10 == t) {
          stored += connection->publish("orders", message("blocking")).ok();
        } else {
          stored += connection->publish_async("orders", message("async")).ok();
        }
      }
      return stored;
    }));
  }
  int stored = 0;
  for (auto& thread : threads) stored += thread.get();
  EXPECT_TRUE(connection->flush().ok());
  EXPECT_EQ(stored, 800);
  EXPECT_EQ(broker.published(), 800u);
}

TEST_F(PublishTest, WhatIsPublishedBeforeTheBrokerIsThereIsSentLater) {
  broker.run([&] { broker.welcomes = false; });
  connect({}, false);
  const auto pending = connection->publish_async("orders", message("early"));
  ASSERT_TRUE(pending.ok());
  EXPECT_EQ(connection->wait_connected(20ms).error().code, Errc::timeout);
  EXPECT_FALSE(pending->done());
  broker.run([&] { broker.welcomes = true; });
  broker.cut();
  EXPECT_TRUE(pending->wait(5s).ok());
}

}  // namespace
}  // namespace ackwire::test
