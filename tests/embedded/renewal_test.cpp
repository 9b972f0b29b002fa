// Leases of a consumer that works long are renewed, whatever it settled before.
#include <thread>

#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

TEST(RenewalTest, ARepeatedAckDoesNotEndTheRenewalOfAnotherMessage) {
  Scratch directory;
  auto broker = Broker::open(directory.path() / "store");
  ASSERT_TRUE(broker.ok()) << broker.error().message;
  QueuePolicy policy;
  policy.visibility_timeout = 1s;
  ASSERT_TRUE(broker->create_queue("orders", policy).ok());
  const std::vector<Message> two{message("a"), message("b")};
  ASSERT_TRUE(broker->publish("orders", two).ok());
  auto consumer = broker->consume("orders");
  ASSERT_TRUE(consumer.ok());
  const auto got = receive(*consumer, 2);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(consumer->ack(got[0])->applied, 1u);
  EXPECT_EQ(consumer->ack(got[0])->applied, 1u);
  std::this_thread::sleep_for(2'500ms);
  EXPECT_EQ(consumer->ack(got[1])->applied, 1u);
  EXPECT_EQ(broker->queue_info("orders")->groups.front().lease_expired, 0u);
}

}  // namespace
}  // namespace ackwire::test
