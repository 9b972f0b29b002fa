// SPDX-License-Identifier: GPL-3.0-only
// A real broker, and a person at a window over it.
#pragma once

#include <ackwire/broker.hpp>

#include <QTemporaryDir>
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bridge/connection_source.hpp"
#include "person.hpp"

namespace ackwire::dashboard::test {

inline constexpr int slow_ms = 15'000;

/// A broker on a directory and a port of its own, that can be stopped and started again.
class BrokerHost {
 public:
  BrokerHost() { start("tcp://127.0.0.1:*"); }

  void start(const std::string& endpoint) {
    auto opened = Broker::open(directory_.path().toStdString() + "/store");
    if (!opened) qFatal("%s", opened.error().message.c_str());
    broker_.emplace(std::move(*opened));
    auto bound = broker_->listen(endpoint);
    if (!bound) qFatal("%s", bound.error().message.c_str());
    endpoint_ = *bound;
  }
  void stop() {
    (void)broker_->close();
    broker_.reset();
  }
  void start_again() { start(endpoint_); }
  Broker& operator*() { return *broker_; }
  Broker* operator->() { return &*broker_; }
  QString endpoint() const { return QString::fromStdString(endpoint_); }

  /// Publishes `count` messages and lets a consumer reject each.
  void make_dead(const std::string& queue, std::size_t count, const std::string& group = "default") {
    QVERIFY(broker_->ensure_queue(queue));
    std::vector<std::string> keys, bodies;
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back("order-" + std::to_string(i));
      bodies.push_back(R"({"order":)" + std::to_string(i) + "}");
    }
    const Header header{"tenant", "north"};
    std::vector<Message> messages(count);
    for (std::size_t i = 0; i < count; ++i) {
      messages[i].body = bodies[i];
      messages[i].idempotency_key = keys[i];
      messages[i].headers = {&header, 1};
    }
    QVERIFY(broker_->publish(queue, messages));
    auto consumer = broker_->consume(queue, {.group = group});
    QVERIFY(consumer);
    std::size_t dead = 0;
    while (dead < count) {
      auto deliveries = consumer->receive(100, Duration{5'000});
      QVERIFY(deliveries && !deliveries->empty());
      auto settled = consumer->reject(*deliveries, "amount is negative");
      QVERIFY(settled);
      dead += settled->applied;
    }
  }
  GroupInfo group(const std::string& queue) { return broker_->queue_info(queue)->groups.front(); }

 private:
  QTemporaryDir directory_;
  std::optional<Broker> broker_;
  std::string endpoint_;
};

struct BrokerPerson : Person {
  explicit BrokerPerson(const BrokerHost& host)
      : Person(host.endpoint(), [](const QString& endpoint) { return connection_factory(endpoint.toStdString()); }) {}
};

}  // namespace ackwire::dashboard::test
