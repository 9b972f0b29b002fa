// A sealed run: the keys of one full table, sorted by hash, in rows of at most 16 KiB keyed by the first hash they hold. The header
// row is written in the transaction of the last row: rows without a header are of a seal that a crash cut short.
//
//   header = version:u8(1) leaving:u8 ranges:u16 spare:u32(0) entries:u64 newest:u64 final_since:u64
//            ranges * (low:u64 high:u64) checksum:u64
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dedupe/directory.hpp"
#include "dedupe/ranges.hpp"
#include "dedupe/row.hpp"

namespace ackwire::dedupe {

struct Run {
  std::uint32_t number = 0;
  std::uint64_t entries = 0;
  Timestamp newest{};                    // when its newest key was added
  std::optional<Timestamp> final_since;  // every message in it is final, or was remembered anew, since then
  std::optional<Timestamp> pinned_at;    // a scan found much of it pinned and stopped; not stored
  bool leaving = false;                  // its rows are being deleted
  SequenceRanges sequences;
  RunTag tag = 0;  // in the directory; not stored
};

void put_run_header(store::Transaction& transaction, std::uint32_t queue, const Run& run);
/// False when the row is damaged.
bool load_run_header(Run& run, std::string_view value);

/// Writes sorted `entries` as one row. Requires: 1 to run_row_entries of them, above all rows before.
void put_run_row(store::Transaction& transaction, std::uint32_t queue, std::uint32_t run, std::span<const DedupeEntry> entries,
                 std::string& scratch);

struct RunLookup {
  std::optional<DedupeEntry> entry;
  bool damaged = false;
};
/// Looks for `key` in the rows of a run.
RunLookup find_in_run(store::Transaction& transaction, std::uint32_t queue, std::uint32_t run, const KeyHash& key);

}  // namespace ackwire::dedupe
