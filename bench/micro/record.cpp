// The record codec: what producer, broker and consumer pay for a message's bytes.
#include <benchmark/benchmark.h>

#include <string>

#include "ackwire/message.hpp"
#include "format/record.hpp"

namespace ackwire {
namespace {

std::string records_of(std::size_t count, std::size_t body_bytes) {
  const std::string body(body_bytes, 'x');
  Message message;
  message.body = body;
  message.idempotency_key = "order-0123456789";
  std::string records;
  for (std::size_t i = 0; i < count; ++i) {
    if (!format::encode(message, Timestamp{}, records).ok()) std::abort();
  }
  return records;
}

void encode_record(benchmark::State& state) {
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  Message message;
  message.body = body;
  message.idempotency_key = "order-0123456789";
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(format::encode(message, Timestamp{}, out).ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_record)->Arg(64)->Arg(256)->Arg(4096);

void split_and_check_records(benchmark::State& state) {
  const std::string records = records_of(100, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::string_view left = records;
    format::Record record;
    while (!left.empty() && format::split(left, record)) {
      benchmark::DoNotOptimize(format::checksum_ok(record) && format::check(record, 1u << 20).ok());
    }
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(split_and_check_records)->Arg(64)->Arg(256)->Arg(4096);

}  // namespace
}  // namespace ackwire
