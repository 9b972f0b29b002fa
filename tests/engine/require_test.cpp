// What must hold is checked in every build: where it does not, nothing of the turn is stored and nothing leaves.
#include "rules/require.hpp"

#include "engine/broker_world.hpp"
#include "engine/planted.hpp"

namespace ackwire::test {

class Requirement : public BrokerWorld {
 protected:
  ~Requirement() override { engine::plant(engine::Planted::none); }
};

TEST_F(Requirement, ATurnInWhichMemoryContradictsItselfIsNotCommitted) {
  make_queue();
  ASSERT_TRUE(publish("a").ok());
  engine::plant(engine::Planted::lease_not_counted);
  damaged_ = true;  // the memory, not the store
  ASSERT_EQ(subscribe(alice).code, Errc::ok);
  const auto got = take(alice);
  ASSERT_EQ(got.size(), 1u);
  model::Settle settle;
  settle.subscription = SubscriptionId{1};
  settle.kind = model::SettleKind::ack;
  settle.boot_epoch = engine_->boot_epoch();
  settle.ranges = {got[0].token()};
  const Status turned = turn([&](engine::Engine& e) { e.settle(alice, settle); });
  ASSERT_FALSE(turned.ok());
  EXPECT_EQ(turned.error().code, Errc::internal);
  EXPECT_NE(turned.error().message.find("a lease that ends is counted"), std::string::npos) << turned.error().message;
  EXPECT_TRUE(effects_.empty()) << "the answer to the ack would be false";
  crash();
  engine::plant(engine::Planted::none);
  damaged_ = false;
  EXPECT_EQ(group().acked, 0u);
  ASSERT_EQ(subscribe(bob).code, Errc::ok);
  EXPECT_EQ(take(bob).size(), 1u) << "it is delivered again";
}

TEST(Require, SaysWhatAndWhere) {
  try {
    rules::require(1 > 2, "one is more than two");
    FAIL();
  } catch (const rules::BrokenRequirement& broken) {
    EXPECT_NE(std::string(broken.what()).find("one is more than two does not hold (require_test.cpp:"), std::string::npos);
  }
}

}  // namespace ackwire::test
