// Sealing: turns a full table into a run, a slice per turn.
//
//   clean   rows that a crash left of an earlier try are deleted
//   write   sorted rows and their fingerprints, then the header, and the table is gone from memory
//   trim    the rows of the table's log are deleted
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dedupe/log.hpp"
#include "dedupe/runs.hpp"

namespace ackwire::dedupe {

class Seal {
 public:
  Seal(std::uint32_t queue, Runs& runs) : queue_(queue), runs_(runs) {}

  /// Requires: not under way.
  void start(std::unique_ptr<LoggedTable> table);
  /// Log rows [from, to) of a table whose run exists, found at opening. Requires: not under way.
  void resume_trim(std::uint32_t table, std::uint32_t from, std::uint32_t to);
  bool under_way() const { return phase_ != Phase::idle; }
  /// The table whose log is being trimmed; 0 = none.
  std::uint32_t trimmed() const { return phase_ == Phase::trim ? log_table_ : 0; }
  /// The table that is being sealed, as long as it has to be searched.
  const LoggedTable* table() const { return table_.get(); }
  /// Keys of that table that are in its run already, and found twice.
  std::uint64_t written() const { return run_ != nullptr ? run_->entries : 0; }
  /// One slice: about `entries` keys, or that many divided by eight of log rows.
  void advance(store::Transaction& transaction, std::size_t entries);

 private:
  enum class Phase : std::uint8_t { idle, clean, write, trim };
  void clean(store::Transaction& transaction, std::size_t rows);
  void write(store::Transaction& transaction, std::size_t entries);
  void finish(store::Transaction& transaction);
  void trim(store::Transaction& transaction, std::size_t rows);

  std::uint32_t queue_;
  Runs& runs_;
  Phase phase_ = Phase::idle;
  std::unique_ptr<LoggedTable> table_;
  Run* run_ = nullptr;
  std::size_t cursor_ = 0;           // of KeyTable::take
  std::vector<DedupeEntry> sorted_;  // taken and not yet written: less than one row between slices
  std::uint32_t log_table_ = 0, log_row_ = 0, log_end_ = 0;
  std::string scratch_;
};

}  // namespace ackwire::dedupe
