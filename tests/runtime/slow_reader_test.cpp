// Sessions that ask much and read little: what is made for them is bounded, and others do not wait for it.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "ackwire/limits.hpp"
#include "format/record.hpp"
#include "runtime/turn.hpp"
#include "store/memory_store.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

using runtime::Peer;
using wire::Operation;

class SlowReader : public ::testing::Test {
 protected:
  static constexpr Peer deaf{false, 1}, good{false, 2};

  void SetUp() override {
    options_.disk_floor_bytes = 0;
    turn_ = std::make_unique<runtime::Turn>(*store_, options_);
    ASSERT_TRUE(turn_->open().ok());
    for (const Peer& peer : {deaf, good}) {
      std::string hello;
      wire::Hello greeting;
      greeting.producer.fill(static_cast<char>(peer.id));
      wire::encode(hello, greeting);
      run({{peer, hello}});
    }
    run({{good, request(1, model::CreateQueue{"q", {}})}});
    for (std::uint64_t i = 1; i <= 10; ++i) run({{good, publish(i, std::string(100'000, 'x'))}});
    sent_.clear();
  }

  struct Said {
    Peer peer;
    std::string bytes;
  };
  void run(const std::vector<Said>& said) {
    std::vector<runtime::Received> frames;
    for (const Said& one : said) frames.push_back({one.peer, one.bytes, nullptr, 0});
    turn_->run(frames, [this](const Peer& peer, std::string_view head, std::string_view payload) {
      sent_[peer].emplace_back(std::string(head).append(payload));
      return true;
    });
  }
  static std::string request(std::uint32_t number, const model::Request& what) {
    std::string frame;
    EXPECT_TRUE(wire::encode(frame, number, what).ok());
    return frame;
  }
  static std::string peek(std::uint32_t number) { return request(number, model::Peek{"q", "default", 0, 1'000, 1u << 20}); }
  static std::string publish(std::uint64_t number, const std::string& body) {
    std::string record, frame;
    Message message;
    message.body = body;
    EXPECT_TRUE(format::encode(message, Timestamp{}, record).ok());
    model::Publish publish;
    publish.queue = "q";
    publish.producer_sequence = publish.first_unconfirmed = number;
    publish.batches.push_back({1, record});
    wire::encode(frame, publish);
    return frame;
  }
  /// Frames of one kind that the peer was sent since the last call, and their bytes.
  std::pair<std::size_t, std::size_t> take(const Peer& peer, Operation operation) {
    std::pair<std::size_t, std::size_t> found{0, 0};
    for (const std::string& bytes : sent_[peer]) {
      wire::Frame frame;
      if (!wire::split_frame(bytes, frame) || frame.operation != operation) continue;
      ++found.first;
      found.second += bytes.size();
    }
    sent_.erase(peer);
    return found;
  }

  BrokerOptions options_;
  std::unique_ptr<store::MemoryStore> store_ = store::MemoryStore::make(1);
  std::unique_ptr<runtime::Turn> turn_;
  std::map<Peer, std::vector<std::string>> sent_;
};

TEST_F(SlowReader, AFloodOfReadsIsRefusedAndAnsweredBitByBit) {
  std::vector<Said> flood;
  for (std::uint32_t i = 1; i <= 3'000; ++i) flood.push_back({deaf, peek(i)});
  flood.push_back({good, publish(11, "hello")});
  run(flood);
  EXPECT_EQ(take(good, Operation::confirm).first, 1u) << "in the same turn";
  std::size_t refused = 0, answered = 0, most = 0;
  for (int turns = 0; turns < 100 && turn_->due(); ++turns) {
    for (const std::string& bytes : sent_[deaf]) {
      wire::Frame frame;
      ASSERT_TRUE(wire::split_frame(bytes, frame).ok());
      refused += frame.operation == Operation::error;
    }
    const auto [replies, reply_bytes] = take(deaf, Operation::reply);
    answered += replies;
    most = std::max(most, reply_bytes);
    run({});
  }
  answered += take(deaf, Operation::reply).first;
  EXPECT_EQ(refused, 3'000u - 32);
  EXPECT_EQ(answered, 32u);
  EXPECT_LT(most, 1'200'000u) << "turn_read_bytes, and one page";
}

TEST_F(SlowReader, ReadsLetThoseGoFirstWhoWaitForACommit) {
  run({{deaf, peek(1)}, {good, publish(11, "hello")}});
  EXPECT_EQ(take(good, Operation::confirm).first, 1u);
  EXPECT_EQ(take(deaf, Operation::reply).first, 0u);
  EXPECT_TRUE(turn_->due()) << "a turn of its own";
  run({});
  EXPECT_EQ(take(deaf, Operation::reply).first, 1u);
}

TEST_F(SlowReader, ReadsAreNotPutOffForEver) {
  run({{deaf, peek(1)}, {good, publish(11, "hello")}});
  std::size_t turns = 1;
  for (; take(deaf, Operation::reply).first == 0 && turns < 10'000; ++turns) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    run({{good, publish(11 + turns, "hello")}});
  }
  EXPECT_LT(turns, 10'000u);
}

TEST_F(SlowReader, ASettleWaitsForTheFrameOfWhoWasAnsweredJustNow) {
  const auto waits = [this](const std::vector<Said>& said) {
    std::vector<runtime::Received> frames;
    for (const Said& one : said) frames.push_back({one.peer, one.bytes, nullptr, 0});
    const runtime::Send send = [](const Peer&, std::string_view, std::string_view) { return true; };
    turn_->begin(send);
    turn_->take(frames);
    const bool can_wait = turn_->can_wait();
    turn_->finish(send);
    return can_wait;
  };
  std::string settle;
  wire::encode(settle, model::Settle{model::SubscriptionId{1}, 1, model::SettleKind::ack, 1, -1, "", {{1, 1, 1}}});
  EXPECT_FALSE(waits({{good, publish(11, "hello")}})) << "somebody waits for it";
  EXPECT_TRUE(waits({{deaf, settle}}));
  EXPECT_FALSE(waits({{deaf, settle}, {good, publish(12, "hello")}}));
  EXPECT_FALSE(waits({})) << "there is nothing to commit";
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(waits({{deaf, settle}})) << "nobody is about to send a frame";
}

TEST_F(SlowReader, NothingIsMadeForWhoDoesNotRead) {
  turn_->set_slow({deaf});
  run({{deaf, peek(1)}, {good, peek(1)}});
  run({});
  EXPECT_EQ(take(deaf, Operation::reply).first, 0u);
  EXPECT_EQ(take(good, Operation::reply).first, 1u);
  EXPECT_FALSE(turn_->due()) << "it waits without a turn of its own";
  turn_->set_slow({});
  EXPECT_TRUE(turn_->due());
  run({});
  EXPECT_EQ(take(deaf, Operation::reply).first, 1u);
}

TEST_F(SlowReader, IsHandedNoMessagesAndLosesNoSession) {
  std::string subscribe;
  wire::encode(subscribe, model::Subscribe{model::SubscriptionId{1}, "q", "default", 2'000});
  turn_->set_slow({deaf});
  run({{deaf, subscribe}});
  run({});
  EXPECT_EQ(take(deaf, Operation::deliver).first, 0u);
  turn_->set_slow({});
  run({});
  EXPECT_GT(take(deaf, Operation::deliver).first, 0u);
}

}  // namespace
}  // namespace ackwire::test
