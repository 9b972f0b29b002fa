// The store port: ordered tables under one synced transaction. LMDB is the product, memory is its twin for tests and the
// simulator; both pass one contract suite. Keys and values are bytes; keys sort as unsigned bytes, at most 255 bytes, not empty.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::store {

/// The numbers are permanent: they are part of the store format.
enum class Table : std::uint8_t {
  state = 0,    // small rows that change with every commit: queues, groups, producers, boot epoch
  blocks = 1,   // (queue, base sequence) -> run of records, written once
  marks = 2,    // (queue, group, base sequence) -> bitmap of records settled above the ack floor
  retry = 3,    // (queue, group, sequence) -> state of a message taken out of its block: delayed, failed or returned
  due = 4,      // (queue, group, due time, sequence) -> nothing: the order in which `retry` rows become ready
  dead = 5,     // (queue, group, sequence) -> state of a dead letter
  dedupe = 6,   // (queue, kind, ...) -> key log and sealed runs
  history = 7,  // (resolution, slot, queue) -> sample
  bodies = 8,   // (queue, group, sequence) -> record of a message in `retry` or `dead`, written once
};
inline constexpr std::size_t table_count = 9;

struct Row {
  std::string_view key, value;
};

/// The one write transaction. Not thread-safe. Views it returns are valid until its next put, erase, commit or end.
/// A failed put (map full, I/O) makes the transaction failed: later calls do nothing and commit() returns the reason.
/// Destroying it without commit() undoes everything.
class Transaction {
 public:
  virtual ~Transaction() = default;
  virtual std::optional<std::string_view> get(Table table, std::string_view key) = 0;
  /// Inserts or replaces. Values may have any size up to 16 MiB; those over 64 KiB are kept in parts of that size.
  virtual void put(Table table, std::string_view key, std::string_view value) = 0;
  /// True when the key was there.
  virtual bool erase(Table table, std::string_view key) = 0;
  /// The first row with key >= `key`; false when there is none.
  virtual bool seek(Table table, std::string_view key, Row& row) = 0;
  /// The last row with key <= `key`; false when there is none.
  virtual bool seek_back(Table table, std::string_view key, Row& row) = 0;
  /// Ok so far, or why commit() will fail.
  virtual Status status() const = 0;
  /// Synced: when this returns ok the changes survive a power cut. After an error nothing of this transaction is stored:
  /// store_full can be tried again with a new transaction, everything else is sticky (Errc::failed from then on).
  /// A transaction that changed nothing commits without touching the disk.
  virtual Status commit() = 0;
};

struct Usage {
  std::uint64_t used_bytes = 0;   // pages in use, free-list pages excluded
  std::uint64_t limit_bytes = 0;  // map size, or the file size limit of the process when that is lower
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t file_bytes = 0;       // of the data file, free pages included
  std::uint64_t allocated_bytes = 0;  // what the file may grow to without taking more of the disk
  std::uint64_t reserve_bytes = 0;    // the part of that which is not for publishes
};

/// One thread uses a store at a time.
class Store {
 public:
  virtual ~Store() = default;
  /// At most one at a time. Errors: failed (sticky), forked.
  virtual Result<std::unique_ptr<Transaction>> begin() = 0;
  virtual Usage usage() const = 0;
  /// 16 random bytes made with the store.
  virtual std::string_view id() const = 0;
  /// 16 secret random bytes made with the store, for keyed hashes. Never shown.
  virtual std::string_view secret() const = 0;
};

}  // namespace ackwire::store
