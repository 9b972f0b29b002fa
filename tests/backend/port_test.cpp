// The public classes over another backend than the client's.
#include <gtest/gtest.h>

#include <future>

#include "ackwire/connection.hpp"
#include "memory_backend.hpp"

namespace ackwire::test {
namespace {

using namespace std::chrono_literals;

class MemoryConnection : public Connection {
 public:
  MemoryConnection() : Connection(std::make_shared<MemoryBackend>()) {}
};

Message message(std::string_view body) {
  Message made;
  made.body = body;
  return made;
}

class Port : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(connection.create_queue("orders").ok()); }
  MemoryConnection connection;
};

TEST_F(Port, PublishReceiveSettleAndLookThroughThePublicClasses) {
  const Header header{"kind", "new"};
  Message first = message("first");
  first.headers = {&header, 1};
  first.idempotency_key = "order-1";
  ASSERT_EQ(connection.publish("orders", first)->sequence, 1u);
  const auto pending = connection.publish_async("orders", message("second"));
  ASSERT_TRUE(pending.ok());
  EXPECT_EQ(pending->wait(1s)->front().sequence, 2u);
  ASSERT_TRUE(connection.flush().ok());

  auto consumer = connection.consume("orders");
  ASSERT_TRUE(consumer.ok());
  const auto received = consumer->receive(10, 1s);
  ASSERT_EQ(received->size(), 2u);
  EXPECT_EQ(received->at(0).body(), "first");
  EXPECT_EQ(received->at(0).idempotency_key(), "order-1");
  EXPECT_EQ(received->at(0).headers().at(0).value, "new");
  EXPECT_EQ(connection.queue_info("orders")->groups.at(0).leased, 2u);

  EXPECT_EQ(consumer->ack(received->at(0))->applied, 1u);
  EXPECT_EQ(consumer->nack(received->at(1))->applied, 1u);
  EXPECT_EQ(consumer->ack(received->at(1))->stale, std::vector<std::uint64_t>{2});
  const auto again = consumer->receive(1, 1s);
  ASSERT_EQ(again->size(), 1u);
  EXPECT_EQ(again->at(0).attempts(), 2u);
  EXPECT_EQ(consumer->reject(again->at(0), "no")->applied, 1u);
  const auto info = connection.queue_info("orders");
  EXPECT_EQ(info->groups.at(0).acked, 1u);
  EXPECT_EQ(info->groups.at(0).dead, 1u);
}

TEST_F(Port, WhatIsCheckedForEveryBackendIsCheckedBeforeIt) {
  ASSERT_TRUE(connection.publish("orders", message("a")).ok());
  auto consumer = connection.consume("orders");
  const auto received = consumer->receive(1, 1s);
  EXPECT_EQ(consumer->nack(received->at(0), {-1ms, {}}).error().code, Errc::out_of_range);
  EXPECT_EQ(consumer->extend(received->at(0), 1ms).error().code, Errc::out_of_range);
  EXPECT_EQ(consumer->release(received->at(0))->applied, 1u);
}

TEST_F(Port, ACloseOfTheConnectionEndsAWaitThatIsUnderWay) {
  auto consumer = connection.consume("orders");
  auto waiting = std::async(std::launch::async, [&] { return consumer->receive(1, 1h); });
  ASSERT_TRUE(connection.close().ok());
  EXPECT_EQ(waiting.get().error().code, Errc::closed);
  EXPECT_EQ(connection.state(), ConnectionState::closed);
}

TEST_F(Port, ARequestThatTheBackendDoesNotKnowIsRefusedByName) {
  EXPECT_EQ(connection.purge("orders").error().code, Errc::unknown_operation);
}

}  // namespace
}  // namespace ackwire::test
