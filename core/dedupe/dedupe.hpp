// The dedupe store of one queue: which idempotency keys were published, as which sequence, with which body. Log-structured:
// a turn's new keys are appended as one row; a table in memory answers for the recent ones; a full table is sealed into a sorted
// run inside the store, a slice per turn; a directory of fingerprints in memory saves look-ups and never decides.
// Not thread-safe. All rows are under the prefix (queue id) of Table::dedupe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ackwire/message.hpp"
#include "format/record.hpp"
#include "store/store.hpp"

namespace ackwire::dedupe {

/// 128-bit keyed hash (SipHash-2-4 with the store's secret) of an idempotency key.
struct KeyHash {
  std::uint64_t high = 0, low = 0;
  friend auto operator<=>(const KeyHash&, const KeyHash&) = default;
};
KeyHash hash_key(std::string_view secret, std::string_view key);
/// Fingerprint of a message, to tell a repeat from a conflict: 48 bits of its body (XXH3), and above them 16 of what else it was
/// published with. Stores of version 0.1 have the whole 64 bits of the body.
std::uint64_t fingerprint(const format::Record& record);
enum class Likeness : std::uint8_t { same, other_extras, other_body };
/// How a message compares to the one whose fingerprint is `known`. `body_only` is the 64 bits of version 0.1 for it.
Likeness compare(std::uint64_t known, std::uint64_t fingerprint, std::uint64_t body_only);
std::uint64_t hash_body(std::string_view body);

struct DedupeEntry {
  KeyHash key;
  std::uint64_t sequence = 0;
  std::uint64_t body = 0;
};

class Dedupe {
 public:
  explicit Dedupe(std::uint32_t queue_id);
  ~Dedupe();
  /// Loads the log and the run headers; rebuilds the memory table and the directory. Requires: called once, first.
  /// Errors: store_damaged.
  Status open(store::Transaction& transaction);

  /// Brings the memory that find() will need closer, for a whole batch ahead of the look-ups.
  void prefetch(std::span<const KeyHash> keys) const;
  /// Exact: compares all 128 bits. Sees entries added in this turn.
  std::optional<DedupeEntry> find(store::Transaction& transaction, const KeyHash& key);
  /// Remembers in memory; durable with write().
  void add(const DedupeEntry& entry);
  /// Seals a bounded slice of a full table. Call once per turn, before the first look-up: this work drives everything else out of
  /// the processor's cache, and what a turn does last should be what the commit copies next.
  void seal_some(store::Transaction& transaction);
  /// Writes what was added this turn as one log row and drops a bounded slice. Call once per turn, before the commit.
  /// A run leaves only when `window` has passed since its newest key was added and since every message in it became final:
  /// `final_below` is the lowest sequence that some group may still settle from its blocks, and `pinned(lo, hi)` lists the
  /// keys of messages in [lo, hi] that are delayed or dead; those are remembered anew before the run goes.
  void write(store::Transaction& transaction, Timestamp now, Duration window, std::uint64_t final_below,
             const std::function<std::vector<DedupeEntry>(std::uint64_t lo, std::uint64_t hi)>& pinned);
  /// Deletes up to `rows` rows of the whole store; true when none is left.
  bool erase_some(store::Transaction& transaction, std::size_t rows);

  /// Keys remembered (those of runs about to leave included).
  std::uint64_t size() const;
  /// True while sealing or dropping is under way: the turn should be repeated soon.
  bool busy() const;
  /// When write() should be called again though nothing was added, so that keys are not remembered much longer than the window.
  /// nullopt: no need. By the window of the last write().
  std::optional<Timestamp> next_due() const;
  /// Not ok once a row that find() or write() needed was damaged: what find() did not find is not known to be new.
  const Status& status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ackwire::dedupe
