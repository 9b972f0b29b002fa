#include "engine/log/room.hpp"

#include <optional>

#include "engine/broker_world.hpp"

namespace ackwire::test {
namespace {

using engine::Reserved;
using engine::rows_room;

TEST(RowsRoom, IsNeverLessThanTheRowsTake) {
  EXPECT_EQ(rows_room(0, 0), 0u);
  EXPECT_GE(rows_room(1, 2'100), 4096u) << "just over half a page: one page of its own";
  EXPECT_GE(rows_room(1, 4'090), 2u * 4096) << "a page and its header";
  EXPECT_GE(rows_room(10, 10 * 5'000), 10u * 2 * 4096);
  EXPECT_GE(rows_room(100, 100 * 200), 100u * 2 * 200) << "small rows in pages that may be half empty";
}

TEST(ReservedRoom, IsGivenBackOnce) {
  std::uint64_t sum = 0;
  {
    Reserved first(sum, 10), second(sum, 5);
    EXPECT_EQ(sum, 15u);
    Reserved moved(std::move(first));
    EXPECT_EQ(sum, 15u);
    second = Reserved(sum, 7);
    EXPECT_EQ(sum, 17u);
  }
  EXPECT_EQ(sum, 0u);
}

/// A store of 1 MiB: publishes up to 640 KiB, hand-overs up to 832 KiB.
class Room : public BrokerWorld {
 protected:
  Room() {
    store_ = store::MemoryStore::make(1, 1 << 20);
    options_.store_soft_limit = 0.625;
  }
  std::size_t fill() {
    make_queue();
    std::size_t count = 0;
    while (publish(std::string(10'000, 'x')).ok()) ++count;
    return count;
  }
};

TEST_F(Room, PublishesStopAtTheSoftLimitExactly) {
  const std::size_t count = fill();
  EXPECT_LE(store_->usage().used_bytes, (1u << 20) * 5 / 8 + 2 * 10'000);
  EXPECT_GE(count, 50u);
}

TEST_F(Room, NoMoreIsOutThanCanComeBack) {
  const std::size_t count = fill();
  ASSERT_EQ(subscribe(alice, 1'000).code, Errc::ok);
  const std::size_t held = take(alice).size();
  EXPECT_GT(held, 2u);
  EXPECT_LT(held, count / 2);
  end_session(alice);
  idle_until_quiet();
  EXPECT_EQ(group().leased, 0u);
  EXPECT_EQ(group().ready, count);
}

TEST_F(Room, WithoutRoomMessagesGoOutOneAtATime) {
  const std::size_t count = fill();
  options_.store_soft_limit = 0.01;  // a smaller limit than what is stored already
  crash();
  ASSERT_EQ(subscribe(alice, 1'000).code, Errc::ok);
  for (std::size_t number = 1; number <= count; ++number) {
    const std::vector<Got> got = take(alice);
    ASSERT_EQ(got.size(), 1u) << number;
    ack(alice, got.front());
    if (group().ready > 0 && number < count) idle();
    if (store_->usage().used_bytes < (1u << 20) / 2) break;  // there is room again
  }
  EXPECT_LT(store_->usage().used_bytes, (1u << 20) / 2);
  expect_conserved();
}

// A slow message at the front of one group keeps its own block, and no room for those behind it, however far another group lags.
TEST_F(Room, FinishedBlocksThatAnotherGroupNeedsReserveNothing) {
  make_queue();
  ask(model::CreateGroup{"orders", "second", false});
  subscribe(alice, 5);
  std::size_t acked = 0;
  std::optional<Got> slow;
  for (int batch = 0; batch < 100; ++batch) {
    if (!publish(std::vector<Message>(4, Message{.body = std::string(1'000, 'x')})).ok()) break;
    for (std::vector<Got> got = take(alice); !got.empty(); got = take(alice)) {
      for (const Got& one : got) {
        if (!slow) {
          slow = one;
          continue;
        }
        ack(alice, one);
        ++acked;
      }
    }
  }
  EXPECT_EQ(group().ready, 0u);
  EXPECT_EQ(group().leased, 1u);
  EXPECT_GT(acked, 300u);
}

}  // namespace
}  // namespace ackwire::test
