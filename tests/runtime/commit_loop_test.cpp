// The commit loop spoken to in frames by a peer of this process.
#include "runtime/commit_loop.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "format/confirm.hpp"
#include "format/record.hpp"
#include "store/memory_store.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

using wire::Operation;

/// Keeps the frames it is sent.
class Mailbox : public runtime::LocalReceiver {
 public:
  void received(std::string_view frame, std::shared_ptr<const void>) override {
    const std::lock_guard lock(mutex_);
    frames_.emplace_back(frame);
    arrived_.notify_all();
  }
  void disconnected(std::string_view) override {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    arrived_.notify_all();
  }
  /// The next frame of this operation; those before it are dropped. Empty after five seconds.
  std::string next(Operation operation, std::uint32_t* request = nullptr) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (true) {
      while (!frames_.empty()) {
        const std::string bytes = std::move(frames_.front());
        frames_.pop_front();
        wire::Frame frame;
        if (!wire::split_frame(bytes, frame)) continue;
        if (frame.operation != operation) continue;
        if (request) *request = frame.request;
        return std::string(frame.payload);
      }
      if (arrived_.wait_until(lock, until) == std::cv_status::timeout) return {};
    }
  }
  bool gone() {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(5), [&] { return gone_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> frames_;
  bool gone_ = false;
};

class Loop : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = store::MemoryStore::make(1);
    store_ = store.get();
    auto started = runtime::CommitLoop::start(std::move(store), {});
    ASSERT_TRUE(started.ok());
    loop_ = std::move(*started);
    peer_ = loop_->attach(mailbox_);
  }
  void send(const std::string& frame) { EXPECT_TRUE(loop_->submit(peer_, frame)); }
  void hello() {
    std::string frame;
    wire::Hello hello;
    hello.producer.fill('p');
    hello.client_name = "test";
    wire::encode(frame, hello);
    send(frame);
  }
  Errc error() {
    Error error;
    const std::string payload = mailbox_.next(Operation::error);
    EXPECT_TRUE(wire::decode_error(payload, error).ok());
    return error.code;
  }
  model::Reply ask(const model::Request& request) {
    std::string frame;
    EXPECT_TRUE(wire::encode(frame, 5, request).ok());
    send(frame);
    auto reply = wire::reply_from_json(mailbox_.next(Operation::reply));
    return reply.ok() ? *reply : model::Reply(reply.error());
  }
  std::string publish_frame(const std::string& body, std::uint64_t sequence) {
    std::string records;
    Message message;
    message.body = body;
    EXPECT_TRUE(format::encode(message, {}, records).ok());
    model::Publish publish;
    publish.queue = "orders";
    publish.producer_sequence = publish.first_unconfirmed = sequence;
    publish.batches.push_back({1, records});
    std::string frame;
    wire::encode(frame, publish);
    return frame;
  }

  store::MemoryStore* store_ = nullptr;
  Mailbox mailbox_;  // outlives the loop, which calls it
  std::unique_ptr<runtime::CommitLoop> loop_;
  runtime::LocalPeer peer_{};
};

TEST_F(Loop, SaysThatASessionIsNeeded) {
  send(publish_frame("a", 1));
  EXPECT_EQ(error(), Errc::no_session);
}

TEST_F(Loop, WelcomesAndConfirms) {
  hello();
  const std::string payload = mailbox_.next(Operation::welcome);
  const auto welcome = wire::decode_welcome(payload);
  ASSERT_TRUE(welcome.ok());
  EXPECT_GE(welcome->boot_epoch,
            static_cast<std::uint64_t>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  ASSERT_TRUE(std::holds_alternative<QueueInfo>(ask(model::CreateQueue{"orders", {}})));
  send(publish_frame("a", 1));
  const std::string answer = mailbox_.next(Operation::confirm);
  const auto confirm = wire::decode_confirm(answer);
  ASSERT_TRUE(confirm.ok());
  std::string_view entries = confirm->entries;
  format::ConfirmEntry entry;
  ASSERT_TRUE(format::split_confirm(entries, entry));
  EXPECT_EQ(entry.first_sequence, 1u);
}

TEST_F(Loop, AnswersGarbageAndGoesOn) {
  hello();
  send("AW");
  EXPECT_EQ(error(), Errc::frame_short);
  send(std::string("AW\x01\xff\0\0\0\0", 8));
  EXPECT_EQ(error(), Errc::unknown_operation);
  EXPECT_TRUE(std::holds_alternative<model::QueuePage>(ask(model::ListQueues{})));
}

TEST_F(Loop, FillsInTheRuntimesFigures) {
  hello();
  ask(model::CreateQueue{"orders", {}});
  const auto stats = std::get<model::StatsPage>(ask(model::GetStats{})).stats;
  EXPECT_EQ(stats.sessions, 1u);
  EXPECT_GT(stats.commits, 0u);
  EXPECT_EQ(stats.queues.size(), 1u);
}

TEST_F(Loop, StopsConfirmingAfterAFailedCommit) {
  hello();
  ask(model::CreateQueue{"orders", {}});
  store_->fault_next_commit(store::CommitFault::error_lost);
  send(publish_frame("a", 1));
  EXPECT_FALSE(mailbox_.next(Operation::goodbye).empty());
  EXPECT_EQ(loop_->health().error().code, Errc::failed);
  send(publish_frame("b", 2));
  EXPECT_EQ(error(), Errc::failed);
}

TEST_F(Loop, SurvivesAFullStoreWithItsSessions) {
  hello();
  ask(model::CreateQueue{"orders", {}});
  store_->fault_next_commit(store::CommitFault::full);
  send(publish_frame("a", 1));
  Error error;
  EXPECT_TRUE(wire::decode_error(mailbox_.next(Operation::error), error).ok());
  EXPECT_EQ(error.code, Errc::store_full) << "whoever waits for an answer hears why";
  EXPECT_TRUE(loop_->health().ok());
  send(publish_frame("a", 1));
  EXPECT_FALSE(mailbox_.next(Operation::confirm).empty()) << "on the same session";
}

TEST_F(Loop, TellsPeersThatItStops) {
  hello();
  EXPECT_FALSE(mailbox_.next(Operation::welcome).empty());
  loop_->stop();
  EXPECT_TRUE(mailbox_.gone());
  EXPECT_FALSE(loop_->submit(peer_, "x"));
}

TEST_F(Loop, DetachEndsTheSession) {
  hello();
  ASSERT_TRUE(std::holds_alternative<QueueInfo>(ask(model::CreateQueue{"orders", {}})));
  loop_->detach(peer_);
  EXPECT_FALSE(loop_->submit(peer_, "x"));
  Mailbox other;
  peer_ = loop_->attach(other);
  EXPECT_TRUE(loop_->submit(peer_, publish_frame("a", 1)));
  Error error;
  EXPECT_TRUE(wire::decode_error(other.next(Operation::error), error).ok());
  EXPECT_EQ(error.code, Errc::no_session);
  loop_->stop();
}

}  // namespace
}  // namespace ackwire::test
