// Broker time as a client knows it: what it stamps messages with.
#include "client_fixture.hpp"
#include "format/record.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

class TimeTest : public ClientTest {
 protected:
  static Message delayed(Duration delay, Duration ttl = Duration{0}) {
    Message made = message("x");
    made.delay = delay;
    made.ttl = ttl;
    return made;
  }
  std::uint64_t broker_time() {
    return broker.on_thread<std::uint64_t>([this] { return broker.time(); });
  }
  format::Record last_stored() {
    kept_ = broker.stored();
    format::Record record;
    std::string_view bytes = kept_.back().record;
    EXPECT_TRUE(format::split(bytes, record));
    EXPECT_TRUE(format::checksum_ok(record));
    return record;
  }

 private:
  std::vector<Stored> kept_;
};

TEST_F(TimeTest, ADelayCountsFromThePublishHoweverLateTheWelcomeCame) {
  broker.run([&] {
    broker.time_passes = true;
    broker.answer_delay = 80ms;
  });
  connect();
  broker.run([&] { broker.answer_delay = 0ms; });
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = broker_time();
    ASSERT_TRUE(connection->publish("orders", delayed(500ms, 60s)).ok());
    const format::Record record = last_stored();
    EXPECT_GE(record.deliver_at, before + 500);
    EXPECT_GE(record.expires_at, before + 60'000);
    EXPECT_LE(record.deliver_at, broker_time() + 500 + 2'000);
  }
}

TEST_F(TimeTest, APongThatWasAskedForLateDoesNotMakeDelaysShort) {
  broker.run([&] { broker.time_passes = true; });
  client::CoreOptions options;
  options.heartbeat = 100ms;
  connect(options);
  broker.run([&] { broker.answer_delay = 80ms; });
  ASSERT_TRUE(broker.wait_for(Operation::ping, 2));
  const std::uint64_t before = broker_time();
  ASSERT_TRUE(connection->publish("orders", delayed(500ms)).ok());
  EXPECT_GE(last_stored().deliver_at, before + 500);
}

TEST_F(TimeTest, BrokerTimeThatWentFasterIsLearntFromAPong) {
  broker.run([&] { broker.time_passes = true; });
  connect();
  broker.run([&] { broker.now_ms += 3'600'000; });
  std::string pong;
  wire::encode_pong(pong, broker_time(), 0);
  broker.send(pong);
  const std::uint64_t before = broker_time();
  ASSERT_TRUE(connection->publish("orders", delayed(500ms)).ok());
  EXPECT_GE(last_stored().deliver_at, before + 400);
}

TEST_F(TimeTest, BrokerTimeThatWentSlowerIsAskedFor) {
  broker.run([&] { broker.time_passes = true; });
  connect();
  broker.run([&] { broker.now_ms -= 3'600'000; });
  std::string pong;
  wire::encode_pong(pong, broker_time(), 0);
  broker.send(pong);
  ASSERT_TRUE(broker.wait_for(Operation::ping, 1));
  ASSERT_TRUE(connection->publish("orders", message("behind the pong")).ok());
  ASSERT_TRUE(connection->publish("orders", delayed(500ms)).ok());
  EXPECT_LE(last_stored().deliver_at, broker_time() + 500 + 60'000);
}

TEST_F(TimeTest, WhatWasPublishedBeforeTheFirstWelcomeIsStampedInBrokerTime) {
  broker.run([&] {
    broker.welcomes = false;
    broker.time_passes = true;
    broker.now_ms = 1'500'000'000'000;  // years behind this system's clock
  });
  connect({}, false);
  const auto early = connection->publish_async("orders", std::vector{message("plain"), delayed(0ms, 24h), delayed(1h, 24h)});
  ASSERT_TRUE(early.ok());
  ASSERT_TRUE(broker.wait_for(Operation::hello, 1));
  broker.run([&] { broker.welcomes = true; });
  broker.cut();
  ASSERT_TRUE(early->wait(10s).ok());
  const format::Record record = last_stored();
  const std::uint64_t now = broker_time();
  EXPECT_GE(record.deliver_at + 60'000, now + 3'600'000);
  EXPECT_LE(record.deliver_at, now + 3'600'000 + 60'000);
  EXPECT_EQ(record.expires_at - record.deliver_at, 23u * 3'600'000);
  EXPECT_EQ(record.body, "x");
}

}  // namespace
}  // namespace ackwire::test
