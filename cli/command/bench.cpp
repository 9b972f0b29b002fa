// ackwire bench: a quick end-to-end load against a running broker.
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <thread>

#include "ackwire/limits.hpp"
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "frame/signals.hpp"
#include "output/latency.hpp"

namespace ackwire::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t bench_under_way = 16;
constexpr std::size_t receive_most = 1'000;

struct BenchOptions {
  std::string queue;
  std::uint64_t messages = 100'000;
  std::uint64_t size = 256;
  std::uint64_t batch = 100;
  std::uint64_t producers = 1;
  std::uint64_t consumers = 1;
};

constexpr std::array<Column, 15> bench_columns{{{"messages", Cell::number},
                                                {"size", Cell::bytes},
                                                {"batch", Cell::number},
                                                {"producers", Cell::number},
                                                {"consumers", Cell::number},
                                                {"publish_per_s", Cell::number},
                                                {"end_to_end_per_s", Cell::number},
                                                {"confirm_p50_ms"},
                                                {"confirm_p95_ms"},
                                                {"confirm_p99_ms"},
                                                {"delivery_p50_ms"},
                                                {"delivery_p95_ms"},
                                                {"delivery_p99_ms"},
                                                {"redelivered", Cell::number, false},
                                                {"seconds", Cell::text, false}}};

/// One load: producers and consumers as threads of this process, each with a connection of its own.
class Load {
 public:
  Load(const BenchOptions& options, const Face& face, const SignalWatch& signals)
      : options_(options), face_(face), signals_(signals) {}

  Status run() {
    begin_ = Clock::now();
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < options_.consumers; ++i) threads.emplace_back([this] { keep(consume()); });
    for (std::uint64_t i = 0; i < options_.producers; ++i) {
      const std::uint64_t share = options_.messages / options_.producers + (i < options_.messages % options_.producers ? 1 : 0);
      threads.emplace_back([this, share] { keep(produce(share)); });
    }
    for (std::thread& thread : threads) thread.join();
    return problem_;
  }

  Json report() const {
    const auto per_second = [this](std::uint64_t count, Clock::time_point end) {
      const double seconds = std::chrono::duration<double>(end - begin_).count();
      return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(count) / seconds) : 0;
    };
    return Json{{"messages", options_.messages},
                {"size", options_.size},
                {"batch", options_.batch},
                {"producers", options_.producers},
                {"consumers", options_.consumers},
                {"publish_per_s", per_second(confirmed_, published_at_)},
                {"end_to_end_per_s", per_second(received_, received_at_)},
                {"confirm_p50_ms", confirm_.percentile(0.50)},
                {"confirm_p95_ms", confirm_.percentile(0.95)},
                {"confirm_p99_ms", confirm_.percentile(0.99)},
                {"delivery_p50_ms", delivery_.percentile(0.50)},
                {"delivery_p95_ms", delivery_.percentile(0.95)},
                {"delivery_p99_ms", delivery_.percentile(0.99)},
                {"redelivered", redelivered_.load()},
                {"seconds", std::chrono::duration<double>(received_at_ - begin_).count()}};
  }

 private:
  struct UnderWay {
    PendingPublish pending;
    Clock::time_point sent;
    std::uint64_t count;
  };

  Result<Client> connect() const {
    ClientOptions options;
    options.name = fmt::format("ackwire-bench[{}]", getpid());
    options.call_timeout = face_.globals.timeout;
    return Client::connect(endpoint(face_.globals), options);
  }

  void keep(Status status) {
    if (status.ok()) return;
    const std::lock_guard lock(mutex_);
    if (problem_.ok()) problem_ = std::move(status);
    failed_ = true;
  }

  bool ending() const { return failed_ || signals_.caught() != 0; }

  Status produce(std::uint64_t share) {
    auto client = connect();
    if (!client) return client.error();
    std::deque<UnderWay> under_way;
    Latencies latencies;
    std::vector<std::string> bodies(options_.batch, std::string(options_.size, 'x'));
    while ((share > 0 || !under_way.empty()) && !ending()) {
      if (share > 0 && under_way.size() < bench_under_way) {
        const auto count = std::min(share, options_.batch);
        auto sent = send(*client, bodies, count);
        if (!sent) return sent.error();
        under_way.push_back(*std::move(sent));
        share -= count;
        continue;
      }
      const auto receipts = under_way.front().pending.wait(face_.globals.timeout);
      if (!receipts) return receipts.error();
      latencies.add(Clock::now() - under_way.front().sent);
      confirmed_ += under_way.front().count;
      under_way.pop_front();
    }
    const std::lock_guard lock(mutex_);
    confirm_.add(latencies);
    published_at_ = std::max(published_at_, Clock::now());
    return {};
  }

  /// The time of sending is the first 8 bytes of each body.
  Result<UnderWay> send(Client& client, std::vector<std::string>& bodies, std::uint64_t count) const {
    const auto now = Clock::now();
    const std::int64_t stamp = now.time_since_epoch().count();
    std::vector<Message> messages(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::memcpy(bodies[i].data(), &stamp, sizeof stamp);
      messages[i].body = bodies[i];
    }
    auto pending = client.publish_async(options_.queue, messages);
    if (!pending) return pending.error();
    return UnderWay{*std::move(pending), now, count};
  }

  Status consume() {
    auto client = connect();
    if (!client) return client.error();
    auto consumer = client->consume(options_.queue, {.credit = 20'000});
    if (!consumer) return consumer.error();
    Latencies latencies;
    while (received_ < options_.messages && !ending()) {
      const auto batch = consumer->receive(receive_most, Duration{200});
      if (!batch) return batch.error();
      const auto now = Clock::now();
      std::uint64_t first = 0;
      for (const Delivery& delivery : *batch) {
        std::int64_t stamp = 0;
        std::memcpy(&stamp, delivery.body().data(), sizeof stamp);
        latencies.add(now - Clock::time_point(Clock::duration(stamp)));
        first += delivery.deliveries() == 1;
      }
      consumer->ack_async(*batch);
      redelivered_ += batch->size() - first;
      received_ += first;
    }
    if (Status flushed = consumer->flush(face_.globals.timeout); !flushed) return flushed;
    const std::lock_guard lock(mutex_);
    delivery_.add(latencies);
    received_at_ = std::max(received_at_, Clock::now());
    return {};
  }

  const BenchOptions& options_;
  const Face& face_;
  const SignalWatch& signals_;
  Clock::time_point begin_{}, published_at_{}, received_at_{};
  std::atomic<std::uint64_t> confirmed_{0}, received_{0}, redelivered_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  ///< protects what follows, and the two ends above
  Status problem_;
  Latencies confirm_, delivery_;
};

int bench(Client& client, const BenchOptions& options, const SignalWatch& signals, const Face& face) {
  QueuePolicy policy;
  policy.max_depth = std::max<std::uint64_t>(policy.max_depth, options.messages * 2);
  const auto made = client.create_queue(options.queue, policy);
  if (!made) return face.refuse(made.error());
  face.terminal.say("ackwire: {} messages of {} bytes through queue \"{}\"", options.messages, options.size, options.queue);
  Load load(options, face, signals);
  const Status ran = load.run();
  const Status removed = client.remove_queue(options.queue, true);
  if (!ran) return face.refuse(ran.error());
  if (signals.caught() != 0) {
    face.terminal.say("ackwire: interrupted; the queue of the load was removed");
    return 128 + signals.caught();
  }
  face.printer.record(load.report());
  return removed ? exit_ok : face.refuse(removed.error());
}

}  // namespace

void add_bench(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* app =
      add_command(root, invocation, "bench", "a quick load through a running broker: rates and latencies, in a queue of its own");
  add_count(*app, "--messages", options->messages, "how many in all (default 100000)", 1, 1'000'000'000);
  add_bytes(*app, "--size", options->size, "bytes of each body (default 256)", 8, limits::message_bytes);
  add_count(*app, "--batch", options->batch, "messages of one publish (default 100)", 1, limits::batch_messages);
  add_count(*app, "--producers", options->producers, "connections that publish (default 1)", 1, 64);
  add_count(*app, "--consumers", options->consumers, "connections that consume (default 1)", 1, 64);
  app->callback([&invocation, options] {
    if (options->batch * (options->size + 64) > limits::batch_bytes) {
      throw CLI::ValidationError("--batch", fmt::format("batch * (size + 64) <= {} does not hold", limits::batch_bytes));
    }
    options->queue = fmt::format("ackwire-bench-{}", getpid());
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) -> int {
      const SignalWatch signals;
      return with_client(globals, terminal, bench_columns,
                         [&](Client& client, const Face& face) { return bench(client, *options, signals, face); });
    };
  });
}

}  // namespace ackwire::cli
