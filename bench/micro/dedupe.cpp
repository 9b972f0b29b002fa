// The dedupe store alone: look up, add and write 1,000 new keys a synced commit, with N live keys.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "dedupe/dedupe.hpp"
#include "store/lmdb_store.hpp"
#include "support/result.hpp"

namespace ackwire {
namespace {

constexpr std::uint64_t turn_keys = 1'000;

class LiveKeys {
 public:
  explicit LiveKeys(std::uint64_t live) : scratch_("."), dedupe_(std::make_unique<dedupe::Dedupe>(1)) {
    auto opened = store::open_lmdb(scratch_.path() + "/store", {});
    if (!opened.ok()) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
    begin();
    if (!dedupe_->open(*transaction_).ok()) throw std::runtime_error("the dedupe store did not open");
    while (next_ <= live) turn();
  }
  /// One commit with `turn_keys` new keys.
  void turn() {
    batch_.clear();
    for (std::uint64_t i = 0; i < turn_keys; ++i) {
      const std::uint64_t number = next_ + i;
      batch_.push_back(dedupe::hash_key(store_->secret(), {reinterpret_cast<const char*>(&number), sizeof number}));
    }
    dedupe_->seal_some(*transaction_);
    dedupe_->prefetch(batch_);
    for (const dedupe::KeyHash& key : batch_) {
      if (!dedupe_->find(*transaction_, key)) dedupe_->add({key, next_, 0});
      ++next_;
    }
    dedupe_->write(*transaction_, Timestamp(Duration(static_cast<std::int64_t>(next_))), Duration(600'000), 0,
                   [](std::uint64_t, std::uint64_t) { return std::vector<dedupe::DedupeEntry>{}; });
    if (!transaction_->commit().ok()) throw std::runtime_error("the commit failed");
    begin();
  }
  /// Opens the dedupe store again, as after a restart.
  void open() {
    dedupe_ = std::make_unique<dedupe::Dedupe>(1);
    if (!dedupe_->open(*transaction_).ok()) throw std::runtime_error("the dedupe store did not open");
  }
  std::uint64_t size() const { return dedupe_->size(); }

 private:
  void begin() {
    transaction_.reset();
    auto begun = store_->begin();
    if (!begun.ok()) throw std::runtime_error(begun.error().message);
    transaction_ = std::move(*begun);
  }
  bench::ScratchDirectory scratch_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Transaction> transaction_;
  std::unique_ptr<dedupe::Dedupe> dedupe_;
  std::vector<dedupe::KeyHash> batch_;
  std::uint64_t next_ = 1;
};

void dedupe_turn(benchmark::State& state) {
  LiveKeys keys(static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) keys.turn();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(turn_keys));
  state.counters["anonymous_mib"] = static_cast<double>(bench::anonymous_bytes()) / (1 << 20);
}
BENCHMARK(dedupe_turn)->Arg(0)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void dedupe_open(benchmark::State& state) {
  LiveKeys keys(static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) keys.open();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(dedupe_open)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace ackwire
