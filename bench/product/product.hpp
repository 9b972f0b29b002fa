// The product under load. Each function is one row of the table in docs/benchmarks.md and returns its figures.
#pragma once

#include <cstdint>
#include <string>

#include "ackwire/ackwire.hpp"
#include "support/child.hpp"
#include "support/result.hpp"

namespace ackwire::bench {

struct ProductOptions {
  std::string directory;
  std::string transport = "tcp";
  double warmup_seconds = 0.5;
  double seconds = 3;
  std::uint32_t rounds = 3;  // of what is compared inside one process
  std::uint64_t live_keys = 10'000'000;
  std::uint64_t backlog = 5'000'000;
  std::uint64_t idle_queues = 10'000;
};

/// Producer, broker and consumer process; batches of 100 messages of 256 bytes.
ResultLine end_to_end(const ProductOptions& options);
/// The same three, one message in flight.
ResultLine confirm_latency(const ProductOptions& options);
/// Producer calls publish_async one message at a time, 1,000 in flight; no consumer.
ResultLine single_publish(const ProductOptions& options);
/// Embedded publish with keys while `live_keys` are remembered, over the same without keys.
ResultLine dedupe(const ProductOptions& options);
/// Embedded end to end, acks in random order within 10,000, over acks in order.
ResultLine out_of_order_acks(const ProductOptions& options);
/// `backlog` messages waiting: open, memory, dispatch.
ResultLine backlog(const ProductOptions& options);
/// A busy queue among `idle_queues` of two groups each, over the same alone.
ResultLine idle_queues(const ProductOptions& options);
/// The longest turn, without its commit, of each long work over `backlog` / 5 messages.
ResultLine long_turns(const ProductOptions& options);
/// A broker on an endpoint of its own until standard input ends; prints the endpoint. For python_batch.
int serve(const ProductOptions& options);

inline constexpr const char* product_queue = "bench";
inline constexpr std::size_t body_bytes = 256;

/// The value, or an exception with the error's text: a benchmark has no use for a failed call.
template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(std::string(name(result.error().code)) + ": " + result.error().message);
  return std::move(*result);
}
void must(const Status& status);

/// A policy that refuses nothing for its depth.
QueuePolicy deep_queue();

}  // namespace ackwire::bench
