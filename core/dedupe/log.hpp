// A table with its key log: what was added lately, in memory for finding and in rows of the log for restarts.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dedupe/ranges.hpp"
#include "dedupe/row.hpp"
#include "dedupe/table.hpp"

namespace ackwire::dedupe {

struct LoggedTable {
  explicit LoggedTable(std::uint32_t table, std::size_t expected = 0) : number(table), keys(expected) {}

  /// Into memory only.
  void add(const DedupeEntry& entry) {
    keys.put(entry);
    sequences.add(entry.sequence);
  }
  void added_at(Timestamp time) {
    if (oldest == Timestamp{}) oldest = time;
    newest = std::max(newest, time);
  }

  std::uint32_t number;
  KeyTable keys;
  SequenceRanges sequences;
  Timestamp oldest{}, newest{};  // of the keys' addition
  std::uint32_t rows = 0;        // log rows 0 .. rows-1 exist
};

/// Appends `entries`, which are in the table's memory already, as one row of its log (more when they are very many).
void append_log(store::Transaction& transaction, std::uint32_t queue, LoggedTable& table, std::span<const DedupeEntry> entries,
                Timestamp now, std::string& scratch);
/// Adds the entries of one log row to the table. False when the row is damaged.
bool load_log_row(LoggedTable& table, std::uint32_t row, std::string_view value);

}  // namespace ackwire::dedupe
