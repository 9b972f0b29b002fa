// A connection to a fake broker.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "ackwire/limits.hpp"
#include "client/connection_core.hpp"
#include "fake_broker.hpp"

namespace ackwire::test {

using namespace std::chrono_literals;
using wire::Operation;

/// The public Connection over a core that the test made.
class TestConnection : public Connection {
 public:
  explicit TestConnection(std::shared_ptr<ConnectionCore> core) : Connection(std::move(core)) {}
};

class ClientTest : public testing::Test {
 protected:
  void TearDown() override {
    if (connection) static_cast<void>(connection->close(100ms));
    connection.reset();
  }

  /// Connects; with `wait`, waits for the welcome.
  void connect(client::CoreOptions options = {}, bool wait = true) {
    core = std::make_shared<ConnectionCore>(options);
    ASSERT_TRUE(core->start(broker.link()).ok());
    connection = std::make_unique<TestConnection>(core);
    if (wait) {
      ASSERT_TRUE(connection->wait_connected(5s).ok());
    }
  }

  static Message message(std::string_view body) {
    Message made;
    made.body = body;
    return made;
  }

  /// A consumer that must come up.
  Consumer consumer(ConsumerOptions options = {}) {
    auto made = connection->consume("orders", options);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made ? *std::move(made) : Consumer{};
  }

  template <class T>
  static bool eventually(T condition, std::chrono::milliseconds wait = 5s) {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  FakeBroker broker;
  std::shared_ptr<ConnectionCore> core;
  std::unique_ptr<TestConnection> connection;
};

}  // namespace ackwire::test
