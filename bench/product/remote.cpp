// Three processes: producer, broker, consumer. Rates are those of durable acks, counted by the broker.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "product/product.hpp"

namespace ackwire::bench {
namespace {

using Body = void (*)(const ProductOptions&, Lines&);

Client connect(Lines& lines, const ClientOptions& options = {}) { return must(Client::connect(lines.receive(), options)); }

/// As fast as confirms allow, `batch` messages a call, until killed.
void publish_batches(Client& client, std::size_t batch, double seconds) {
  const std::string body(body_bytes, 'x');
  Message message;
  message.body = body;
  const std::vector<Message> messages(batch, message);
  for (const auto start = Clock::now(); seconds_since(start) < seconds;) must(client.publish_async(product_queue, messages));
  must(client.flush());
}

void produce_batches(const ProductOptions& options, Lines& lines) {
  ClientOptions client_options;
  client_options.max_unconfirmed = 6'400;  // the window of the bare pipeline: 64 batches of 100
  Client client = connect(lines, client_options);
  publish_batches(client, 100, options.warmup_seconds + options.seconds);
}

void produce_singles(const ProductOptions& options, Lines& lines) {
  ClientOptions client_options;
  client_options.max_unconfirmed = 1'000;
  Client client = connect(lines, client_options);
  publish_batches(client, 1, options.warmup_seconds + options.seconds);
}

void produce_one_by_one(const ProductOptions& options, Lines& lines) {
  Client client = connect(lines);
  const std::string body(body_bytes, 'x');
  Message message;
  message.body = body;
  std::vector<double> latency_ms;
  const auto start = Clock::now();
  for (double now = 0; now < options.warmup_seconds + options.seconds; now = seconds_since(start)) {
    const auto sent = Clock::now();
    must(client.publish(product_queue, message));
    if (now >= options.warmup_seconds) latency_ms.push_back(1e3 * seconds_since(sent));
  }
  lines.send(std::to_string(percentile(latency_ms, 0.5)));
}

void consume_and_ack(const ProductOptions&, Lines& lines) {
  Client client = connect(lines);
  ConsumerOptions consumer_options;
  consumer_options.credit = 20'000;
  Consumer consumer = must(client.consume(product_queue, consumer_options));
  lines.send("ready");
  for (;;) {
    const std::vector<Delivery> deliveries = must(consumer.receive(2'000));
    if (!deliveries.empty()) consumer.ack_async(deliveries);
  }
}

struct Counters {
  std::uint64_t published = 0, acked = 0;
};
Counters counters(Broker& broker) {
  const QueueInfo info = must(broker.queue_info(product_queue));
  return {info.published, info.groups.front().acked};
}

struct Rates {
  double published_per_s = 0, acked_per_s = 0, producer_p50_ms = 0;
};

/// Starts the peers first, so that no process is forked with threads in it, then serves them until the producer is done.
Rates run(const ProductOptions& options, Body produce, Body consume) {
  const ScratchDirectory scratch(options.directory);
  Child producer([&](Lines& lines) { produce(options, lines); });
  std::unique_ptr<Child> consumer;
  if (consume) consumer = std::make_unique<Child>([&](Lines& lines) { consume(options, lines); });
  Broker broker = must(Broker::open(scratch.path() + "/store"));
  must(broker.create_queue(product_queue, deep_queue()));
  const std::string endpoint =
      must(broker.listen(options.transport == "ipc" ? "ipc://" + scratch.path() + "/socket" : "tcp://127.0.0.1:*"));
  if (consumer) {
    consumer->lines().send(endpoint);
    if (consumer->lines().receive() != "ready") throw std::runtime_error("the consumer did not start");
  }
  producer.lines().send(endpoint);
  std::this_thread::sleep_for(std::chrono::duration<double>(options.warmup_seconds));
  const auto start = Clock::now();
  const Counters from = counters(broker);
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  const Counters to = counters(broker);
  const double passed = seconds_since(start);
  Rates rates;
  rates.published_per_s = static_cast<double>(to.published - from.published) / passed;
  rates.acked_per_s = static_cast<double>(to.acked - from.acked) / passed;
  rates.producer_p50_ms = std::strtod(producer.lines().receive().c_str(), nullptr);
  return rates;
}

}  // namespace

ResultLine end_to_end(const ProductOptions& options) {
  const Rates rates = run(options, produce_batches, consume_and_ack);
  return ResultLine().add("msgs_per_s", rates.acked_per_s).add("published_per_s", rates.published_per_s);
}

ResultLine confirm_latency(const ProductOptions& options) {
  const Rates rates = run(options, produce_one_by_one, consume_and_ack);
  return ResultLine().add("confirm_p50_ms", rates.producer_p50_ms).add("msgs_per_s", rates.acked_per_s);
}

ResultLine single_publish(const ProductOptions& options) {
  return ResultLine().add("msgs_per_s", run(options, produce_singles, nullptr).published_per_s);
}

int serve(const ProductOptions& options) {
  const ScratchDirectory scratch(options.directory);
  Broker broker = must(Broker::open(scratch.path() + "/store"));
  must(broker.create_queue(product_queue, deep_queue()));
  std::printf("%s\n", must(broker.listen("tcp://127.0.0.1:*")).c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace ackwire::bench
