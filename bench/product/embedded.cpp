// Broker and its user in one process.
#include <algorithm>
#include <ctime>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "product/product.hpp"

namespace ackwire::bench {
namespace {

constexpr std::size_t batch_messages = 100;

/// Rate by the clock, and what a message cost of all threads' processor time: the second does not see what else the machine does.
struct Pace {
  double per_s = 0, cpu_us = 0;
};

class Stopwatch {
 public:
  double seconds() const { return seconds_since(start_); }
  Pace pace(std::uint64_t messages) const {
    const double cpu_s = static_cast<double>(std::clock() - cpu_start_) / CLOCKS_PER_SEC;
    return {static_cast<double>(messages) / seconds(), 1e6 * cpu_s / static_cast<double>(messages)};
  }

 private:
  Clock::time_point start_ = Clock::now();
  std::clock_t cpu_start_ = std::clock();
};

/// Publishes until `count` are out or `seconds` have passed. With `next_key`, each message has a key of its own.
Pace publish(Broker& broker, const char* queue, std::uint64_t count, double seconds, std::uint64_t* next_key, std::size_t bytes) {
  const std::string body(bytes, 'x');
  std::vector<std::string> keys(batch_messages);
  std::vector<Message> messages(batch_messages);
  const Stopwatch watch;
  std::uint64_t sent = 0;
  for (; sent < count && watch.seconds() < seconds; sent += batch_messages) {
    for (std::size_t i = 0; i < batch_messages; ++i) {
      messages[i].body = body;
      if (!next_key) continue;
      keys[i] = "order-" + std::to_string((*next_key)++);
      messages[i].idempotency_key = keys[i];
    }
    must(broker.publish_async(queue, messages));
  }
  must(broker.flush(Duration{120'000}));
  return watch.pace(sent);
}

constexpr double no_time_limit = 1e9;
constexpr std::uint64_t no_count_limit = ~0ull;

/// Receives `count` messages and acks them in blocks of 10,000, each block in order or shuffled.
Pace consume(Consumer& consumer, std::uint64_t count, bool shuffled, std::mt19937_64& random) {
  constexpr std::size_t reorder_messages = 10'000;
  std::vector<Delivery> held;
  const Stopwatch watch;
  for (std::uint64_t received = 0; received < count;) {
    const std::vector<Delivery> some = must(consumer.receive(reorder_messages - held.size()));
    held.insert(held.end(), some.begin(), some.end());
    received += some.size();
    if (held.size() < reorder_messages && received < count) continue;
    if (shuffled) std::shuffle(held.begin(), held.end(), random);
    for (std::size_t i = 0; i < held.size(); i += batch_messages) {
      consumer.ack_async(std::span(held).subspan(i, std::min(batch_messages, held.size() - i)));
    }
    held.clear();
  }
  must(consumer.flush());
  return watch.pace(count);
}

double median(std::vector<double> values) { return percentile(values, 0.5); }
double median_rate(const std::vector<Pace>& paces) {
  std::vector<double> values;
  for (const Pace& pace : paces) values.push_back(pace.per_s);
  return median(values);
}
double median_cpu(const std::vector<Pace>& paces) {
  std::vector<double> values;
  for (const Pace& pace : paces) values.push_back(pace.cpu_us);
  return median(values);
}

Consumer consumer_of(Broker& broker, const char* queue) {
  ConsumerOptions options;
  options.credit = 40'000;
  return must(broker.consume(queue, options));
}

}  // namespace

ResultLine dedupe(const ProductOptions& options) {
  const ScratchDirectory scratch(options.directory);
  Broker broker = must(Broker::open(scratch.path() + "/store"));
  must(broker.create_queue("keyed", deep_queue()));
  must(broker.create_queue("plain", deep_queue()));
  std::uint64_t next_key = 0;
  publish(broker, "keyed", options.live_keys, no_time_limit, &next_key, 8);
  const std::uint64_t anonymous = anonymous_bytes();
  std::vector<Pace> keyed, plain;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    plain.push_back(publish(broker, "plain", no_count_limit, options.seconds, nullptr, body_bytes));
    keyed.push_back(publish(broker, "keyed", no_count_limit, options.seconds, &next_key, body_bytes));
  }
  const std::uint64_t live = must(broker.queue_info("keyed")).dedupe_keys;
  return ResultLine()
      .add("ratio", median_rate(keyed) / median_rate(plain))
      .add("keyed_per_s", median_rate(keyed))
      .add("plain_per_s", median_rate(plain))
      .add("keyed_cpu_us", median_cpu(keyed))
      .add("plain_cpu_us", median_cpu(plain))
      .add("live_keys", static_cast<double>(live))
      .add("anonymous_bytes", static_cast<double>(anonymous))
      .add("anonymous_limit_bytes", (64 << 20) + 8.0 * static_cast<double>(options.live_keys));
}

ResultLine out_of_order_acks(const ProductOptions& options) {
  const ScratchDirectory scratch(options.directory);
  Broker broker = must(Broker::open(scratch.path() + "/store"));
  must(broker.create_queue(product_queue, deep_queue()));
  Consumer consumer = consumer_of(broker, product_queue);
  std::mt19937_64 random(1);
  const auto count = static_cast<std::uint64_t>(options.seconds * 100'000);
  const auto once = [&](bool shuffled) {
    std::thread producer([&] { publish(broker, product_queue, count, no_time_limit, nullptr, body_bytes); });
    const Pace pace = consume(consumer, count, shuffled, random);
    producer.join();
    return pace;
  };
  once(false);
  std::vector<Pace> ordered, shuffled;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    ordered.push_back(once(false));
    shuffled.push_back(once(true));
  }
  return ResultLine()
      .add("ratio", median_rate(shuffled) / median_rate(ordered))
      .add("shuffled_per_s", median_rate(shuffled))
      .add("ordered_per_s", median_rate(ordered))
      .add("shuffled_cpu_us", median_cpu(shuffled))
      .add("ordered_cpu_us", median_cpu(ordered));
}

ResultLine backlog(const ProductOptions& options) {
  const ScratchDirectory scratch(options.directory);
  const std::string store = scratch.path() + "/store";
  const std::uint64_t chunk = options.backlog / (options.rounds + 2);
  {
    Broker broker = must(Broker::open(store));
    must(broker.create_queue("deep", deep_queue()));
    must(broker.create_queue("empty", deep_queue()));
    publish(broker, "deep", options.backlog, no_time_limit, nullptr, body_bytes);
    must(broker.close(Duration{60'000}));
  }
  std::vector<double> open_ms;
  for (std::uint32_t round = 1; round < options.rounds; ++round) {
    const auto start = Clock::now();
    Broker broker = must(Broker::open(store));
    open_ms.push_back(1e3 * seconds_since(start));
    must(broker.close());
  }
  const auto start = Clock::now();
  Broker broker = must(Broker::open(store));
  open_ms.push_back(1e3 * seconds_since(start));
  std::mt19937_64 random(1);
  std::vector<Pace> deep, empty;
  const auto drain_empty = [&] {
    for (std::uint32_t round = 0; round < options.rounds; ++round) {
      publish(broker, "empty", chunk, no_time_limit, nullptr, body_bytes);
      Consumer consumer = consumer_of(broker, "empty");
      empty.push_back(consume(consumer, chunk, false, random));
    }
  };
  drain_empty();
  std::uint64_t anonymous = anonymous_bytes();
  {
    // One consumer for all rounds: what a closing consumer had taken in advance goes back as returned messages, which would
    // then be measured instead of the backlog.
    Consumer consumer = consumer_of(broker, "deep");
    for (std::uint32_t round = 0; round < options.rounds; ++round) {
      deep.push_back(consume(consumer, chunk, false, random));
      anonymous = std::max(anonymous, anonymous_bytes());
    }
  }
  drain_empty();
  return ResultLine()
      .add("anonymous_bytes", static_cast<double>(anonymous))
      .add("open_ms", median(open_ms))
      .add("dispatch_ratio", median_rate(deep) / median_rate(empty))
      .add("deep_per_s", median_rate(deep))
      .add("empty_per_s", median_rate(empty))
      .add("deep_cpu_us", median_cpu(deep))
      .add("empty_cpu_us", median_cpu(empty));
}

}  // namespace ackwire::bench
