// Publishes, consumes and settles through an installed Ackwire, embedded and over a socket, in the current folder.
#include <ackwire/ackwire.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

namespace {

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "failed: " << what << '\n';
  std::exit(1);
}

void round_trip(ackwire::Connection& connection, const std::string& body) {
  require(connection.ensure_queue("orders").ok(), "queue");
  auto receipt = connection.publish("orders", ackwire::Message{.body = body, .idempotency_key = body});
  require(receipt.ok() && !receipt->duplicate, "publish");
  auto again = connection.publish("orders", ackwire::Message{.body = body, .idempotency_key = body});
  require(again.ok() && again->duplicate && again->sequence == receipt->sequence, "a repeated publish is a duplicate");
  auto consumer = connection.consume("orders");
  require(consumer.ok(), "consume");
  auto received = consumer->receive(1, ackwire::Duration{5'000});
  require(received.ok() && received->size() == 1 && received->front().body() == body, "receive");
  auto settled = consumer->ack(received->front());
  require(settled.ok() && settled->applied == 1, "ack");
}

}  // namespace

int main() {
  auto broker = ackwire::Broker::open("data");
  require(broker.ok(), "open");
  round_trip(*broker, "embedded");
  auto endpoint = broker->listen("tcp://127.0.0.1:*");
  require(endpoint.ok(), "listen");
  auto client = ackwire::Client::connect(*endpoint);
  require(client.ok(), "connect");
  round_trip(*client, "remote");
  std::cout << "ackwire " << ackwire::version() << ": 2 round trips\n";
}
