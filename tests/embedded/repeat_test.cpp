// The outcome of the first settle of a delivery is the outcome of every repeat: every call, in every order.
#include "embedded/face_fixture.hpp"

namespace ackwire::test {
namespace {

class RepeatTest : public FaceTest {
 protected:
  enum class Act { ack, nack, reject, release };
  static constexpr Act acts[] = {Act::ack, Act::nack, Act::reject, Act::release};

  static Settled settle(Consumer& from, Act act, std::span<const Delivery> deliveries) {
    const auto settled = [&] {
      switch (act) {
        case Act::ack: return from.ack(deliveries);
        case Act::nack: return from.nack(deliveries, {.delay = 60min, .error = "x"});
        case Act::reject: return from.reject(deliveries, "x");
        case Act::release: return from.release(deliveries);
      }
      return Result<Settled>{Settled{}};
    }();
    EXPECT_TRUE(settled.ok()) << settled.error().message;
    return settled ? *settled : Settled{};
  }

  /// Every act again, alone and in a batch: those that were settled by it are applied, all others are stale.
  static void expect_repeats(Consumer& from, std::span<const Delivery> settled) {
    for (const Act act : acts) {
      for (std::size_t i = 0; i < settled.size(); ++i) {
        const bool same = settled.size() == std::size(acts) && i == static_cast<std::size_t>(act);
        const Settled alone = settle(from, act, settled.subspan(i, 1));
        EXPECT_EQ(alone.applied, same ? 1u : 0u) << static_cast<int>(act) << " after " << i;
        EXPECT_EQ(alone.stale.size(), same ? 0u : 1u) << static_cast<int>(act) << " after " << i;
      }
      const Settled together = settle(from, act, settled);
      EXPECT_EQ(together.applied + together.stale.size(), settled.size());
      EXPECT_EQ(together.applied, settled.size() == std::size(acts) ? 1u : 0u);
    }
  }
};

TEST_P(RepeatTest, TheOutcomeOfTheFirstIsThatOfAllRepeatsAndStaysAfterClose) {
  make_queue();
  publish(4);
  Consumer from = consumer({.credit = 4});
  const auto got = receive(from, 4);
  ASSERT_EQ(got.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(settle(from, acts[i], std::span(got).subspan(i, 1)).applied, 1u);
  expect_repeats(from, got);
  EXPECT_EQ(from.extend(got, 1min)->stale.size(), 4u);
  const GroupInfo before = group();
  from.close();
  expect_repeats(from, got);
  const GroupInfo after = group();
  EXPECT_EQ(after.acked, 1u);
  EXPECT_EQ(after.nacked, 1u);
  EXPECT_EQ(after.rejected, 1u);
  EXPECT_EQ(after.dead, before.dead);
}

TEST_P(RepeatTest, StaleOnceIsStaleForEver) {
  QueuePolicy policy;
  policy.visibility_timeout = 100ms;
  make_queue(policy);
  publish(1);
  Consumer from = consumer({.credit = 1, .renew_leases = false});
  const auto got = receive(from, 1);
  ASSERT_EQ(got.size(), 1u);
  ASSERT_TRUE(eventually([&] { return group().lease_expired >= 1; }));
  expect_repeats(from, got);
  from.close();
  expect_repeats(from, got);
  EXPECT_EQ(group().acked, 0u);
}

INSTANTIATE_TEST_SUITE_P(Faces, RepeatTest, testing::Values(Face::embedded, Face::tcp, Face::ipc), face_name);

class RepeatAfterRestartTest : public RepeatTest {};

TEST_P(RepeatAfterRestartTest, TheOutcomeOfTheFirstOutlivesTheBroker) {
  make_queue();
  publish(4);
  Consumer from = consumer({.credit = 4});
  const auto got = receive(from, 4);
  ASSERT_EQ(got.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(settle(from, acts[i], std::span(got).subspan(i, 1)).applied, 1u);
  close_broker();
  open_broker();
  ASSERT_TRUE(eventually([&] { return face().state() == ConnectionState::connected; }));
  expect_repeats(from, got);
}

INSTANTIATE_TEST_SUITE_P(Faces, RepeatAfterRestartTest, testing::Values(Face::tcp, Face::ipc), face_name);

}  // namespace
}  // namespace ackwire::test
