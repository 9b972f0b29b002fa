// The broker in this process: opening, listening, ending.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

BrokerOptions small() {
  BrokerOptions options;
  options.store_bytes_limit = 1ull << 30;
  return options;
}

TEST(BrokerTest, OneDirectoryHasOneBroker) {
  Scratch directory;
  auto first = Broker::open(directory.path() / "store", small());
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto second = Broker::open(directory.path() / "store", small());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::store_in_use);
  EXPECT_TRUE(first->health().ok());
}

TEST(BrokerTest, ListensOnThisMachineOnly) {
  Scratch directory;
  auto broker = Broker::open(directory.path() / "store", small());
  ASSERT_TRUE(broker.ok());
  EXPECT_EQ(broker->listen("tcp://0.0.0.0:7733").error().code, Errc::insecure_bind);
  EXPECT_EQ(broker->listen("nonsense").error().code, Errc::invalid_argument);
  const auto bound = broker->listen("tcp://127.0.0.1:*");
  ASSERT_TRUE(bound.ok()) << bound.error().message;
  EXPECT_EQ(bound->find('*'), std::string::npos);
  const auto also = broker->listen("ipc://" + (directory.path() / "socket").string());
  ASSERT_TRUE(also.ok()) << also.error().message;
  EXPECT_TRUE(Client::connect(*bound).ok());
  EXPECT_TRUE(Client::connect(*also).ok());
}

TEST(BrokerTest, OptionsOutOfRangeAreNamed) {
  Scratch directory;
  BrokerOptions options = small();
  options.store_soft_limit = 2;
  const auto refused = Broker::open(directory.path() / "store", options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::out_of_range);
  EXPECT_NE(refused.error().message.find("store_soft_limit"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "store"));
}

TEST(ClientTest, SaysWhatIsWrongWithItsEndpointAndOptions) {
  EXPECT_EQ(Client::connect("nonsense").error().code, Errc::invalid_argument);
  ClientOptions options;
  options.frames_in_flight = 65;
  EXPECT_EQ(Client::connect("tcp://127.0.0.1:1", options).error().code, Errc::out_of_range);
  for (const char* name : {"caf\xe9", "a\nb"}) {  // a broker would refuse its hello again and again
    options = {};
    options.name = name;
    const auto refused = Client::connect("tcp://127.0.0.1:1", options);
    EXPECT_EQ(refused.error().code, Errc::out_of_range);
    EXPECT_NE(refused.error().message.find("UTF-8 without control characters"), std::string::npos);
  }
  options = {};
  options.connect_timeout = 100ms;
  EXPECT_EQ(Client::connect("tcp://127.0.0.1:1", options).error().code, Errc::timeout);
  options.connect_timeout = 0ms;
  auto unconnected = Client::connect("tcp://127.0.0.1:1", options);
  ASSERT_TRUE(unconnected.ok());
  EXPECT_EQ(unconnected->state(), ConnectionState::connecting);
}

TEST(BrokerTest, ConsumersAndPublishesMayOutliveTheBroker) {
  Scratch directory;
  Consumer from;
  PendingPublish pending;
  std::vector<Delivery> got;
  {
    auto broker = Broker::open(directory.path() / "store", small());
    ASSERT_TRUE(broker.ok());
    ASSERT_TRUE(broker->create_queue("orders").ok());
    pending = *broker->publish_async("orders", message("x"));
    from = *broker->consume("orders");
    got = receive(from, 1);
    ASSERT_EQ(got.size(), 1u);
  }
  EXPECT_EQ(from.receive(1, 1s).error().code, Errc::closed);
  EXPECT_EQ(pending.wait(0ms)->front().sequence, 1u);
  EXPECT_EQ(got[0].body(), "x");
  EXPECT_TRUE(Broker::open(directory.path() / "store", small()).ok()) << "the consumer must not keep the store";
}

TEST(BrokerTest, MovesLikeAValue) {
  Scratch directory;
  auto opened = Broker::open(directory.path() / "a", small());
  ASSERT_TRUE(opened.ok());
  Broker broker = *std::move(opened);
  ASSERT_TRUE(broker.create_queue("orders").ok());
  auto other = Broker::open(directory.path() / "b", small());
  ASSERT_TRUE(other.ok());
  broker = *std::move(other);
  EXPECT_EQ(broker.queue_info("orders").error().code, Errc::no_queue);
  EXPECT_TRUE(Broker::open(directory.path() / "a", small()).ok()) << "the one before is closed";
}

TEST(BrokerTest, AChildProcessIsTold) {
  Scratch directory;
  auto broker = Broker::open(directory.path() / "store", small());
  ASSERT_TRUE(broker.ok());
  ASSERT_TRUE(broker->create_queue("orders").ok());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool told = broker->publish("orders", message("x")).error().code == Errc::forked &&
                      broker->listen("tcp://127.0.0.1:*").error().code == Errc::forked;
    { const Broker gone = *std::move(broker); }
    _exit(told ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(broker->publish("orders", message("y")).ok());
}

TEST(BrokerTest, ManyThreadsUseOneBroker) {
  Scratch directory;
  auto broker = Broker::open(directory.path() / "store", small());
  ASSERT_TRUE(broker.ok());
  ASSERT_TRUE(broker->create_queue("orders").ok());
  constexpr int producers = 3, each = 2'000;
  std::vector<std::future<void>> threads;
  for (int p = 0; p < producers; ++p) {
    threads.push_back(std::async(std::launch::async, [&, p] {
      for (int i = 0; i < each; ++i) {
        const std::string body = std::to_string(p) + ":" + std::to_string(i);
        if (i % 500 == 0) {
          ASSERT_TRUE(broker->publish("orders", message(body)).ok());
        } else {
          ASSERT_TRUE(broker->publish_async("orders", message(body)).ok());
        }
      }
      ASSERT_TRUE(broker->flush().ok());
    }));
  }
  auto from = broker->consume("orders", {.credit = 1'000});
  ASSERT_TRUE(from.ok());
  std::atomic<int> received{0};
  for (int c = 0; c < 2; ++c) {
    threads.push_back(std::async(std::launch::async, [&] {
      const auto deadline = std::chrono::steady_clock::now() + 60s;
      while (received < producers * each && std::chrono::steady_clock::now() < deadline) {
        const auto got = from->receive(100, 50ms);
        ASSERT_TRUE(got.ok());
        if (got->empty()) continue;
        from->ack_async(*got);
        received += static_cast<int>(got->size());
      }
    }));
  }
  for (auto& thread : threads) thread.get();
  ASSERT_TRUE(from->flush().ok());
  EXPECT_EQ(received, producers * each);
  EXPECT_EQ(broker->queue_info("orders")->groups[0].acked, std::uint64_t{producers * each});
  EXPECT_EQ(from->stale_acks(), 0u);
}

}  // namespace
}  // namespace ackwire::test
