// A dedupe store over a memory store, driven turn by turn as the engine drives it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dedupe/dedupe.hpp"
#include "store/memory_store.hpp"

namespace ackwire::dedupe {

class Turns {
 public:
  static constexpr std::uint32_t queue = 7;
  using Pinned = std::function<std::vector<DedupeEntry>(std::uint64_t, std::uint64_t)>;

  explicit Turns(std::uint64_t store_bytes = 1ull << 30) : store(store::MemoryStore::make(1, store_bytes)) { open(); }

  /// Reads everything anew, as after a start.
  void open() {
    transaction.reset();
    dedupe = std::make_unique<Dedupe>(queue);
    begin();
    const Status status = dedupe->open(*transaction);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  /// Loses the open turn.
  void crash() {
    transaction.reset();
    store->crash();
    open();
  }
  void begin() {
    if (transaction) return;
    auto begun = store->begin();
    ASSERT_TRUE(begun.ok());
    transaction = std::move(*begun);
    dedupe->seal_some(*transaction);
  }
  std::optional<DedupeEntry> find(const KeyHash& key) { return dedupe->find(*transaction, key); }
  void add(const KeyHash& key, std::uint64_t sequence, std::uint64_t body = 1) { dedupe->add({key, sequence, body}); }
  void write() { dedupe->write(*transaction, now, window, final_below, pinned); }
  void commit() {
    write();
    ASSERT_TRUE(dedupe->status().ok()) << dedupe->status().error().message;
    ASSERT_TRUE(transaction->commit().ok());
    transaction.reset();
    begin();
  }
  /// Commits until no sealing or dropping is under way; how many turns that took.
  int settle(int turns_max = 10'000) {
    int turns = 0;
    do commit();
    while (dedupe->busy() && ++turns < turns_max);
    EXPECT_LT(turns, turns_max);
    return turns;
  }
  std::size_t rows() {
    std::size_t count = 0;
    store::Row row;
    for (std::string key(1, '\0'); transaction->seek(store::Table::dedupe, key, row); ++count) key.assign(row.key).push_back('\0');
    return count;
  }

  std::unique_ptr<store::MemoryStore> store;
  std::unique_ptr<store::Transaction> transaction;
  std::unique_ptr<Dedupe> dedupe;
  Timestamp now{Duration(1'000'000'000)};
  Duration window{std::chrono::minutes(10)};
  std::uint64_t final_below = 0;
  Pinned pinned = [](std::uint64_t, std::uint64_t) { return std::vector<DedupeEntry>{}; };
};

/// A key hash that looks random and is a function of `i`.
inline KeyHash key_of(std::uint64_t i) {
  const auto mix = [](std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  };
  return {mix(i), mix(i ^ 0x5555555555555555ull)};
}

}  // namespace ackwire::dedupe
