// A client on brokers that can do less than it can, and on one that can do more.
#include "client_fixture.hpp"
#include "wire/consume.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

class CapabilitiesTest : public ClientTest {
 protected:
  std::vector<wire::Hello> hellos() {
    std::vector<wire::Hello> all;
    for (const std::string& bytes : kept_ = broker.frames(Operation::hello)) {
      wire::Frame frame;
      EXPECT_TRUE(wire::split_frame(bytes, frame).ok());
      const auto hello = wire::decode_hello(frame.payload);
      EXPECT_TRUE(hello.ok());
      if (hello) all.push_back(*hello);
    }
    return all;
  }
  model::Subscribe subscribed() {
    EXPECT_TRUE(broker.wait_for(Operation::subscribe, 1));
    wire::Frame frame;
    kept_ = broker.frames(Operation::subscribe);
    EXPECT_TRUE(wire::split_frame(kept_.at(0), frame).ok());
    const auto subscribe = wire::decode_subscribe(frame.payload);
    EXPECT_TRUE(subscribe.ok());
    return *subscribe;
  }
  void hold_one(Consumer& from) {
    ASSERT_TRUE(connection->publish("orders", message("one")).ok());
    const auto got = from.receive(1, 5s);
    ASSERT_TRUE(got.ok());
    ASSERT_EQ(got->size(), 1u);
  }

 private:
  std::vector<std::string> kept_;
};

TEST_F(CapabilitiesTest, AreNamedInTheFirstHelloAndUsed) {
  connect();
  ASSERT_EQ(hellos().size(), 1u);
  EXPECT_EQ(hellos()[0].capabilities, wire::Capabilities::all());
  auto from = consumer({.concurrency = 3});
  EXPECT_EQ(subscribed().concurrency, 3u);
  hold_one(from);
  EXPECT_TRUE(broker.wait_for(Operation::begun, 1));
}

TEST_F(CapabilitiesTest, ABrokerThatKnowsNoneIsGreetedAgainWithoutAndDoesWhatItCould) {
  broker.run([&] { broker.knows_capabilities = false; });
  connect();
  const auto all = hellos();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].capabilities.has_value());
  EXPECT_FALSE(all[1].capabilities.has_value());
  auto from = consumer({.concurrency = 3});
  EXPECT_EQ(subscribed().concurrency, 3u) << "what every broker could before there were names";
  hold_one(from);
  EXPECT_TRUE(broker.wait_for(Operation::begun, 1));
}

TEST_F(CapabilitiesTest, TheLifeThatWasKnownIsNamedAllTheSame) {
  broker.run([&] { broker.knows_capabilities = false; });
  connect();
  broker.cut();
  ASSERT_TRUE(broker.wait_for(Operation::hello, 4));
  ASSERT_TRUE(connection->wait_connected(5s).ok());
  const auto all = hellos();
  EXPECT_FALSE(all.at(3).capabilities.has_value());
  EXPECT_TRUE(all.at(3).life.has_value());
}

TEST_F(CapabilitiesTest, WhatTheBrokerDoesNotNameIsNotUsed) {
  broker.run([&] { broker.capabilities = {}; });
  connect();
  auto from = consumer({.concurrency = 3});
  EXPECT_EQ(subscribed().concurrency, 0u);
  hold_one(from);
  EXPECT_FALSE(broker.wait_for(Operation::begun, 1, 200ms));
  EXPECT_EQ(hellos().size(), 1u);
}

}  // namespace
}  // namespace ackwire::test
