#include "dedupe/seal.hpp"

#include <algorithm>

namespace ackwire::dedupe {
namespace {

constexpr std::size_t keys_ahead = 8;  // whose place in the directory is fetched early

}  // namespace

void Seal::start(std::unique_ptr<LoggedTable> table) {
  table_ = std::move(table);
  cursor_ = 0;
  run_ = nullptr;
  phase_ = Phase::clean;
}

void Seal::resume_trim(std::uint32_t table, std::uint32_t from, std::uint32_t to) {
  log_table_ = table;
  log_row_ = from;
  log_end_ = to;
  phase_ = Phase::trim;
}

void Seal::advance(store::Transaction& transaction, std::size_t entries) {
  constexpr std::size_t entries_per_row_deleted = 8;  // a delete costs about as much as writing so many keys
  switch (phase_) {
    case Phase::idle: return;
    case Phase::clean: return clean(transaction, std::max<std::size_t>(1, entries / run_row_entries));
    case Phase::write: return write(transaction, entries);
    case Phase::trim: return trim(transaction, std::max<std::size_t>(1, entries / entries_per_row_deleted));
  }
}

void Seal::clean(store::Transaction& transaction, std::size_t rows) {
  const RowKey prefix(queue_, RowKind::run, table_->number);
  store::Row row;
  for (; rows > 0; --rows) {
    if (!transaction.seek(store::Table::dedupe, prefix, row) || !row.key.starts_with(prefix)) {
      phase_ = Phase::write;
      run_ = &runs_.make(table_->number);
      return;
    }
    transaction.erase(store::Table::dedupe, std::string(row.key));
  }
}

void Seal::write(store::Transaction& transaction, std::size_t entries) {
  const bool more = table_->keys.take(cursor_, entries, sorted_);
  std::span<const DedupeEntry> left(sorted_);
  while (left.size() >= run_row_entries || (!more && !left.empty())) {
    const auto row = left.first(std::min(left.size(), run_row_entries));
    put_run_row(transaction, queue_, run_->number, row, scratch_);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i + keys_ahead < row.size()) runs_.prefetch(row[i + keys_ahead].key);
      runs_.insert(*run_, row[i].key);
    }
    run_->entries += row.size();
    left = left.subspan(row.size());
  }
  sorted_.erase(sorted_.begin(), sorted_.end() - static_cast<std::ptrdiff_t>(left.size()));
  if (!more) finish(transaction);
}

void Seal::finish(store::Transaction& transaction) {
  run_->newest = table_->newest;
  run_->sequences = table_->sequences;
  put_run_header(transaction, queue_, *run_);
  resume_trim(table_->number, 0, table_->rows);
  table_.reset();
  run_ = nullptr;
  sorted_.shrink_to_fit();
}

void Seal::trim(store::Transaction& transaction, std::size_t rows) {
  for (; rows > 0 && log_row_ < log_end_; --rows, ++log_row_) {
    transaction.erase(store::Table::dedupe, RowKey(queue_, RowKind::log, log_table_).row(log_row_));
  }
  if (log_row_ == log_end_) phase_ = Phase::idle;
}

}  // namespace ackwire::dedupe
