// The store behind a broker is exchanged under a connected client: an older copy is put back, or another store is served.
#include "client_fixture.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

class OtherLifeTest : public ClientTest {
 protected:
  /// Publishes one message that is sent and not answered.
  PendingPublish publish_unanswered() {
    broker.run([&] { broker.confirms = false; });
    auto pending = connection->publish_async("orders", message("under way"));
    EXPECT_TRUE(pending.ok());
    EXPECT_TRUE(broker.wait_for(Operation::publish, 1));
    return *std::move(pending);
  }
  std::optional<wire::Life> life_of_hello(std::size_t index) {
    const auto frames = broker.frames(Operation::hello);
    wire::Frame frame;
    if (frames.size() <= index || !wire::split_frame(frames[index], frame)) return {};
    const auto hello = wire::decode_hello(frame.payload);
    return hello ? hello->life : std::nullopt;
  }
  void expect_ended(const PendingPublish& pending) {
    const auto outcome = pending.wait(10s);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, Errc::indeterminate);
    EXPECT_NE(outcome.error().message.find("exchanged"), std::string::npos) << outcome.error().message;
    broker.run([&] { broker.confirms = true; });
    ASSERT_TRUE(connection->wait_connected(10s).ok());
    ASSERT_TRUE(connection->publish("orders", message("after")).ok());
    EXPECT_EQ(broker.count(Operation::publish), 2u) << "what was under way was not sent again";
  }
};

TEST_F(OtherLifeTest, ABootEpochThatGoesBackEndsWhatIsUnderWay) {
  connect();
  const PendingPublish pending = publish_unanswered();
  broker.run([&] { broker.boot_epoch -= 2; });
  broker.cut();
  expect_ended(pending);
}

TEST_F(OtherLifeTest, AnotherStoreEndsWhatIsUnderWay) {
  connect();
  const PendingPublish pending = publish_unanswered();
  broker.run([&] {
    broker.store_id.fill('b');
    broker.boot_epoch += 5;
  });
  broker.cut();
  expect_ended(pending);
}

TEST_F(OtherLifeTest, ABrokerThatNeverWasTheLifeThatIsNamedEndsWhatIsUnderWay) {
  broker.run([&] { broker.store_id.fill('a'); });
  connect();
  const PendingPublish pending = publish_unanswered();
  broker.run([&] {
    broker.boot_epoch += 5;
    broker.life_refusal = {Errc::store_rollback, "never was that"};
  });
  broker.cut();
  expect_ended(pending);
  EXPECT_FALSE(life_of_hello(0).has_value());
  ASSERT_TRUE(life_of_hello(1).has_value());
  EXPECT_EQ(life_of_hello(1)->boot_epoch, 7u);
  EXPECT_EQ(life_of_hello(1)->store_id[0], 'a');
  EXPECT_FALSE(life_of_hello(2).has_value());
}

TEST_F(OtherLifeTest, ABrokerThatDoesNotKnowOfLivesIsGreetedWithoutAndGoesOn) {
  connect();
  const PendingPublish pending = publish_unanswered();
  broker.run([&] {
    broker.confirms = true;
    broker.life_refusal = {Errc::invalid_argument, "The flags of a hello must be 0."};
  });
  broker.cut();
  EXPECT_TRUE(pending.wait(10s).ok());
  EXPECT_EQ(broker.published(), 1u);
  broker.cut();
  ASSERT_TRUE(broker.wait_for(Operation::hello, 4));
  EXPECT_FALSE(life_of_hello(3).has_value()) << "it is not asked again";
}

TEST_F(OtherLifeTest, WhatWasNeverSentGoesToWhoeverIsThere) {
  connect();
  const PendingPublish pending = publish_unanswered();
  broker.run([&] {
    broker.welcomes = false;
    broker.boot_epoch -= 2;
  });
  broker.cut();
  ASSERT_TRUE(broker.wait_for(Operation::hello, 2));
  const auto unsent = connection->publish_async("orders", message("waits"));
  ASSERT_TRUE(unsent.ok());
  broker.run([&] {
    broker.welcomes = true;
    broker.confirms = true;
  });
  broker.cut();
  EXPECT_EQ(pending.wait(10s).error().code, Errc::indeterminate);
  EXPECT_TRUE(unsent->wait(10s).ok());
}

TEST_F(OtherLifeTest, AnOrdinaryRestartRepeatsWhatHasNoAnswer) {
  connect();
  const PendingPublish pending = publish_unanswered();
  broker.run([&] {
    broker.confirms = true;
    ++broker.boot_epoch;
  });
  broker.cut();
  EXPECT_TRUE(pending.wait(10s).ok());
  EXPECT_EQ(broker.published(), 1u);
}

}  // namespace
}  // namespace ackwire::test
