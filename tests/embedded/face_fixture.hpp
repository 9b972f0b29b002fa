// One suite for every face: the broker in this process, and a client over tcp and ipc to a broker that listens.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ackwire/ackwire.hpp"
#include "support/scratch.hpp"

namespace ackwire::test {

using namespace std::chrono_literals;

enum class Face { embedded, tcp, ipc };

inline std::string face_name(const testing::TestParamInfo<Face>& info) {
  switch (info.param) {
    case Face::embedded: return "Embedded";
    case Face::tcp: return "Tcp";
    case Face::ipc: return "Ipc";
  }
  return "Unknown";
}

inline Message message(std::string_view body, std::string_view key = {}) {
  Message made;
  made.body = body;
  made.idempotency_key = key;
  return made;
}

/// Up to `count` messages, as many calls as it takes.
inline std::vector<Delivery> receive(Consumer& from, std::size_t count, Duration wait = 5s) {
  std::vector<Delivery> all;
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (all.size() < count && std::chrono::steady_clock::now() < deadline) {
    auto some = from.receive(count - all.size(), 100ms);
    if (!some) {
      ADD_FAILURE() << some.error().message;
      break;
    }
    all.insert(all.end(), some->begin(), some->end());
  }
  return all;
}

template <class T>
bool eventually(T condition, Duration wait = 10s) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

class FaceTest : public testing::TestWithParam<Face> {
 protected:
  void SetUp() override { start(); }
  void TearDown() override { stop(); }

  BrokerOptions broker_options() const {
    BrokerOptions options;
    options.store_bytes_limit = 1ull << 30;
    options.seed = 1;
    return options;
  }
  std::string endpoint_to_bind() const {
    if (!endpoint_.empty()) return endpoint_;  // after a restart: where the clients look for it
    return GetParam() == Face::ipc ? "ipc://" + (directory_.path() / "socket").string() : "tcp://127.0.0.1:*";
  }

  void open_broker() {
    auto opened = Broker::open(directory_.path() / "store", broker_options());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    broker_.emplace(*std::move(opened));
    if (GetParam() == Face::embedded) return;
    auto bound = broker_->listen(endpoint_to_bind());
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    endpoint_ = *bound;
  }
  void close_broker() { broker_.reset(); }

  std::unique_ptr<Client> connect(ClientOptions options = {}) {
    options.reconnect_initial = 10ms;
    options.reconnect_max = 100ms;
    auto connected = Client::connect(endpoint_, options);
    EXPECT_TRUE(connected.ok()) << connected.error().message;
    return connected ? std::make_unique<Client>(*std::move(connected)) : nullptr;
  }

  void start() {
    open_broker();
    if (GetParam() != Face::embedded) client_ = connect();
  }
  void stop() {
    client_.reset();
    close_broker();
  }
  void reopen() {
    stop();
    start();
  }

  /// The connection under test.
  Connection& face() {
    if (client_) return *client_;
    return *broker_;
  }
  void make_queue(const QueuePolicy& policy = {}) {
    const auto made = face().create_queue("orders", policy);
    ASSERT_TRUE(made.ok()) << made.error().message;
  }
  void publish(int count, int from = 0) {
    std::vector<std::string> bodies;
    for (int i = from; i < from + count; ++i) bodies.push_back("body " + std::to_string(i));
    std::vector<Message> messages;
    for (const std::string& body : bodies) messages.push_back(message(body));
    const auto receipts = face().publish("orders", messages);
    ASSERT_TRUE(receipts.ok()) << receipts.error().message;
  }
  Consumer consumer(const ConsumerOptions& options = {}) {
    auto made = face().consume("orders", options);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made ? *std::move(made) : Consumer{};
  }
  GroupInfo group(std::string_view name = "default") {
    const auto info = face().queue_info("orders");
    EXPECT_TRUE(info.ok()) << info.error().message;
    for (const GroupInfo& of : info->groups) {
      if (of.name == name) return of;
    }
    ADD_FAILURE() << "no group " << name;
    return {};
  }

  Scratch directory_;
  std::string endpoint_;
  std::optional<Broker> broker_;
  std::unique_ptr<Client> client_;
};

}  // namespace ackwire::test
