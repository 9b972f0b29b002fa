// The LMDB store alone: 64 KiB blocks put in one synced commit and deleted in a later one.
#include <benchmark/benchmark.h>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>

#include "format/run.hpp"
#include "store/lmdb_store.hpp"
#include "support/result.hpp"

namespace ackwire {
namespace {

std::string block_key(std::uint64_t number) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

void blocks_put_and_deleted(benchmark::State& state) {
  constexpr std::uint64_t live_blocks = 1'000;
  const auto blocks_per_commit = static_cast<std::uint64_t>(state.range(0));
  const bench::ScratchDirectory scratch(".");
  auto store = store::open_lmdb(scratch.path() + "/store", {});
  if (!store.ok()) throw std::runtime_error(store.error().message);
  const std::string block(format::block_bytes, 'b');
  std::uint64_t next = 0;
  for (auto _ : state) {
    auto transaction = (*store)->begin();
    if (!transaction.ok()) throw std::runtime_error(transaction.error().message);
    for (std::uint64_t i = 0; i < blocks_per_commit; ++i, ++next) {
      (*transaction)->put(store::Table::blocks, block_key(next), block);
      if (next >= live_blocks) (*transaction)->erase(store::Table::blocks, block_key(next - live_blocks));
    }
    if (!(*transaction)->commit().ok()) throw std::runtime_error("the commit failed");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(next * block.size()));
  state.counters["msgs_256b_per_s"] =
      benchmark::Counter(static_cast<double>(next) * static_cast<double>(block.size() / 272), benchmark::Counter::kIsRate);
}
BENCHMARK(blocks_put_and_deleted)->Arg(1)->Arg(4)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace ackwire
