// A store without room for a commit: whoever waits hears it, and the broker goes on by itself when there is room again.
#include <gtest/gtest.h>

#include <thread>

#include "runtime/turn.hpp"
#include "store/memory_store.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

using namespace std::chrono_literals;
using wire::Operation;

/// A store whose commits find no room as long as it is told so.
class FullStore : public store::Store {
 public:
  bool full = false;
  Result<std::unique_ptr<store::Transaction>> begin() override {
    inner_->fault_next_commit(full ? store::CommitFault::full : store::CommitFault::none);
    return inner_->begin();
  }
  store::Usage usage() const override { return inner_->usage(); }
  std::string_view id() const override { return inner_->id(); }
  std::string_view secret() const override { return inner_->secret(); }

 private:
  std::unique_ptr<store::MemoryStore> inner_ = store::MemoryStore::make(1);
};

class FullTurn : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(turn_.open().ok()); }
  /// One turn; what was sent.
  std::vector<std::pair<Operation, Error>> run(const std::vector<std::string>& frames) {
    std::vector<std::pair<Operation, Error>> sent;
    std::vector<runtime::Received> received;
    for (const std::string& frame : frames) received.push_back({peer_, frame, nullptr, 0});
    turn_.run(received, [&](const runtime::Peer&, std::string_view head, std::string_view payload) {
      const std::string bytes = std::string(head) + std::string(payload);
      wire::Frame frame;
      Error error{Errc::ok, {}, {}, {}};
      EXPECT_TRUE(wire::split_frame(bytes, frame).ok());
      if (frame.operation == Operation::error) {
        EXPECT_TRUE(wire::decode_error(frame.payload, error).ok());
      }
      if (frame.operation == Operation::goodbye) {
        EXPECT_TRUE(wire::decode_goodbye(frame.payload, error).ok());
      }
      if (frame.operation != Operation::pong) sent.emplace_back(frame.operation, error);
      return true;
    });
    return sent;
  }
  static std::string hello() {
    std::string frame;
    wire::Hello hello;
    hello.producer.fill('p');
    wire::encode(frame, hello);
    return frame;
  }
  static std::string create(std::uint32_t request) {
    std::string frame;
    EXPECT_TRUE(wire::encode(frame, request, model::CreateQueue{"q" + std::to_string(request), {}}).ok());
    return frame;
  }
  Operation first(const std::vector<std::string>& frames) {
    const auto sent = run(frames);
    return sent.empty() ? Operation::pong : sent.front().first;
  }

  const runtime::Peer peer_{false, 7};
  FullStore store_;
  runtime::Turn turn_{store_, BrokerOptions{}};
};

TEST_F(FullTurn, I17_WhoeverWaitsHearsTheStoreAndTheBrokerResumesByItself) {
  ASSERT_EQ(first({hello()}), Operation::welcome);
  ASSERT_EQ(first({create(1)}), Operation::reply);
  store_.full = true;
  for (int turn = 0; turn < 3; ++turn) {
    const auto sent = run({create(2), create(3)});
    ASSERT_EQ(sent.size(), 2u) << "and no goodbye: the session goes on";
    for (const auto& [operation, error] : sent) {
      EXPECT_EQ(operation, Operation::error);
      EXPECT_EQ(error.code, Errc::store_full);
      EXPECT_GT(error.retry_after.count(), 0);
    }
  }
  EXPECT_TRUE(turn_.failed().ok()) << "nothing is in doubt";
  EXPECT_FALSE(turn_.room().ok());
  store_.full = false;
  EXPECT_EQ(first({create(2)}), Operation::reply) << "nothing of it was done before";
  EXPECT_FALSE(turn_.room().ok()) << "publishes wait a little longer";
}

TEST_F(FullTurn, I17_ASubscribeIsAnsweredWhenThereIsRoomAgain) {
  ASSERT_EQ(first({hello()}), Operation::welcome);
  ASSERT_EQ(first({create(1)}), Operation::reply);
  std::string subscribe;
  wire::encode(subscribe, model::Subscribe{model::SubscriptionId{1}, "q1", "default", 10});
  store_.full = true;
  EXPECT_TRUE(run({subscribe}).empty());
  EXPECT_TRUE(run({}).empty());
  store_.full = false;
  EXPECT_EQ(first({}), Operation::subscribed);
  EXPECT_TRUE(run({}).empty()) << "once";
}

}  // namespace
}  // namespace ackwire::test
