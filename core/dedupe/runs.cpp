#include "dedupe/runs.hpp"
#include "store/scan.hpp"

#include <algorithm>
#include <string>

namespace ackwire::dedupe {

Status Runs::open(store::Transaction& transaction) {
  const RowKey prefix(queue_, RowKind::header);
  std::uint64_t entries = 0;
  store::Row row;
  for (store::Scan scan(transaction, store::Table::dedupe, prefix); scan.next(row);) {
    Run run;
    run.number = key_number(row.key, table_offset);
    if (!load_run_header(run, row.value)) return damaged(queue_, RowKind::header, run.number, "its header fails the checksum");
    runs_.push_back(std::move(run));
    if (!runs_.back().leaving) entries += runs_.back().entries;
  }
  directory_.reserve(entries);
  for (Run& run : runs_) {
    // What is leaving may be forgotten: its rows only need to be deleted.
    if (run.leaving) continue;
    run.tag = least_used_tag();
    tagged_[run.tag].push_back(&run);
    if (Status status = load(transaction, run); !status.ok()) return status;
  }
  return {};
}

Status Runs::load(store::Transaction& transaction, const Run& run) {
  const RowKey prefix(queue_, RowKind::run, run.number);
  std::uint64_t entries = 0;
  store::Row row;
  for (store::Scan scan(transaction, store::Table::dedupe, prefix); scan.next(row);) {
    std::string_view value = row.value;
    if (!split_checksum(value)) return damaged(queue_, RowKind::run, run.number, "a row fails its checksum");
    const std::size_t count = value.size() / sizeof(DedupeEntry);
    for (std::size_t i = 0; i < count; ++i) insert(run, entry_at(value, i).key);
    entries += count;
  }
  if (entries != run.entries) return damaged(queue_, RowKind::run, run.number, "rows are missing");
  return {};
}

Run& Runs::make(std::uint32_t number) {
  Run& run = runs_.emplace_back();
  run.number = number;
  run.tag = least_used_tag();
  tagged_[run.tag].push_back(&run);
  return run;
}

void Runs::erase(Run& run) {
  std::erase(tagged_[run.tag], &run);
  runs_.remove_if([&run](const Run& other) { return &other == &run; });
}

RunTag Runs::least_used_tag() const {
  const auto least =
      std::min_element(tagged_.begin() + 1, tagged_.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return static_cast<RunTag>(least - tagged_.begin());
}

std::optional<DedupeEntry> Runs::find(store::Transaction& transaction, const KeyHash& key) {
  std::optional<DedupeEntry> found;
  directory_.find(Directory::fingerprint(key), [&](RunTag tag) {
    for (const Run* run : tagged_[tag]) {
      if (found) return;
      const RunLookup lookup = find_in_run(transaction, queue_, run->number, key);
      if (lookup.damaged) set_damaged(run->number, "a row fails its checksum");
      found = lookup.entry;
    }
  });
  return found;
}

const Run* Runs::newest_holder(store::Transaction& transaction, const KeyHash& key) {
  const Run* newest = nullptr;
  directory_.find(Directory::fingerprint(key), [&](RunTag tag) {
    for (const Run* run : tagged_[tag]) {
      if (newest && run->number <= newest->number) continue;
      const RunLookup lookup = find_in_run(transaction, queue_, run->number, key);
      if (lookup.damaged) set_damaged(run->number, "a row fails its checksum");
      if (lookup.entry) newest = run;
    }
  });
  return newest;
}

bool Runs::drop_some(store::Transaction& transaction, const Run& run, std::size_t rows) {
  const RowKey prefix(queue_, RowKind::run, run.number);
  store::Row row;
  for (; rows > 0; --rows) {
    if (!transaction.seek(store::Table::dedupe, prefix, row) || !row.key.starts_with(prefix)) return true;
    std::string_view value = row.value;
    if (!split_checksum(value)) {
      set_damaged(run.number, "a row fails its checksum");
      return false;
    }
    // A run that was leaving when the store was opened is not in the directory.
    for (std::size_t i = 0; run.tag != 0 && i < value.size() / sizeof(DedupeEntry); ++i) {
      directory_.remove(Directory::fingerprint(entry_at(value, i).key), run.tag);
    }
    const std::string key(row.key);
    transaction.erase(store::Table::dedupe, key);
  }
  return false;
}

void Runs::set_damaged(std::uint32_t run, std::string_view what) {
  if (status_.ok()) status_ = damaged(queue_, RowKind::run, run, what);
}

}  // namespace ackwire::dedupe
