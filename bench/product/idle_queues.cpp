// One busy queue among many that idle, over the same queue alone: what a queue costs that nobody uses.
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "product/product.hpp"

namespace ackwire::bench {
namespace {

constexpr std::size_t batch_messages = 100;
constexpr std::uint64_t messages_per_second = 200'000;  // of the time asked for, a round

/// A broker whose busy queue has one consumer.
class Place {
 public:
  Place(const std::string& directory, std::uint64_t queues) : broker_(must(Broker::open(directory))) {
    const auto start = Clock::now();
    for (std::uint64_t i = 1; i < queues; ++i) must(broker_.create_queue("idle-" + std::to_string(i)));
    make_s_ = seconds_since(start);
    for (std::uint64_t i = 1; i < queues; ++i) must(broker_.create_group("idle-" + std::to_string(i), "second"));
    must(broker_.create_queue(product_queue, deep_queue()));
    ConsumerOptions options;
    options.credit = 40'000;
    consumer_ = std::make_unique<Consumer>(must(broker_.consume(product_queue, options)));
  }

  /// Messages a second from publish to ack, both sides at once.
  double rate(std::uint64_t count) {
    const auto start = Clock::now();
    std::thread producer([&] {
      Message message;
      message.body = body_;
      const std::vector<Message> messages(batch_messages, message);
      for (std::uint64_t sent = 0; sent < count; sent += batch_messages) must(broker_.publish_async(product_queue, messages));
    });
    for (std::uint64_t received = 0; received < count;) {
      const std::vector<Delivery> some = must(consumer_->receive(2'000));
      received += some.size();
      if (!some.empty()) consumer_->ack_async(some);
    }
    producer.join();
    must(consumer_->flush());
    return static_cast<double>(count) / seconds_since(start);
  }

  /// Publish to confirm, one in flight.
  double confirm_p50_ms(std::uint64_t count) {
    Message message;
    message.body = body_;
    std::vector<double> latency_ms;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto sent = Clock::now();
      must(broker_.publish(product_queue, message));
      latency_ms.push_back(1e3 * seconds_since(sent));
    }
    for (std::uint64_t received = 0; received < count;) {
      const std::vector<Delivery> some = must(consumer_->receive(2'000));
      received += some.size();
      must(consumer_->ack(some));
    }
    return percentile(latency_ms, 0.5);
  }

  double make_s() const { return make_s_; }

  /// Processor time of a broker that nobody uses, as a share of one core.
  static double idle_share(double seconds) {
    const std::clock_t from = std::clock();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    return static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC / seconds;
  }

 private:
  const std::string body_ = std::string(body_bytes, 'x');
  Broker broker_;
  std::unique_ptr<Consumer> consumer_;
  double make_s_ = 0;
};

}  // namespace

ResultLine idle_queues(const ProductOptions& options) {
  const ScratchDirectory scratch(options.directory);
  Place many(scratch.path() + "/many", options.idle_queues);
  const double idle = Place::idle_share(options.seconds);
  Place one(scratch.path() + "/one", 1);
  const auto count = static_cast<std::uint64_t>(options.seconds * messages_per_second);
  one.rate(count / 4);
  many.rate(count / 4);
  std::vector<double> ratios, latencies, rates;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    const double alone = one.rate(count), among = many.rate(count);
    rates.push_back(among);
    ratios.push_back(among / alone);
    const double quick = one.confirm_p50_ms(1'000);
    latencies.push_back(many.confirm_p50_ms(1'000) / quick);
  }
  return ResultLine()
      .add("ratio", percentile(ratios, 0.5))
      .add("p50_ratio", percentile(latencies, 0.5))
      .add("make_s", many.make_s())
      .add("idle_cpu_share", idle)
      .add("msgs_per_s", percentile(rates, 0.5));
}

}  // namespace ackwire::bench
