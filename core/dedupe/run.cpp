#include "dedupe/run.hpp"

namespace ackwire::dedupe {
namespace {

constexpr std::uint8_t header_version = 1;

std::uint64_t to_bytes(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Timestamp to_time(std::uint64_t bytes) { return Timestamp(Duration(static_cast<std::int64_t>(bytes))); }

}  // namespace

void put_run_header(store::Transaction& transaction, std::uint32_t queue, const Run& run) {
  constexpr std::uint32_t spare = 0;
  std::string value;
  append(value, header_version);
  append(value, static_cast<std::uint8_t>(run.leaving));
  append(value, static_cast<std::uint16_t>(run.sequences.list().size()));
  append(value, spare);
  append(value, run.entries);
  append(value, to_bytes(run.newest));
  append(value, run.final_since ? to_bytes(*run.final_since) : std::uint64_t{0});
  for (const SequenceRange& range : run.sequences.list()) {
    append(value, range.low);
    append(value, range.high);
  }
  append_checksum(value);
  transaction.put(store::Table::dedupe, RowKey(queue, RowKind::header, run.number), value);
}

bool load_run_header(Run& run, std::string_view value) {
  std::uint8_t version = 0, leaving = 0;
  std::uint16_t ranges = 0;
  std::uint32_t spare = 0;
  std::uint64_t newest = 0, final_since = 0;
  if (!split_checksum(value) || !split(value, version) || version != header_version) return false;
  if (!split(value, leaving) || !split(value, ranges) || !split(value, spare)) return false;
  if (!split(value, run.entries) || !split(value, newest) || !split(value, final_since)) return false;
  if (value.size() != ranges * 2 * sizeof(std::uint64_t)) return false;
  for (std::uint16_t i = 0; i < ranges; ++i) {
    SequenceRange range;
    split(value, range.low);
    split(value, range.high);
    run.sequences.add(range);
  }
  run.leaving = leaving != 0;
  run.newest = to_time(newest);
  if (final_since != 0) run.final_since = to_time(final_since);
  return true;
}

void put_run_row(store::Transaction& transaction, std::uint32_t queue, std::uint32_t run, std::span<const DedupeEntry> entries,
                 std::string& scratch) {
  scratch.assign(reinterpret_cast<const char*>(entries.data()), entries.size_bytes());
  append_checksum(scratch);
  transaction.put(store::Table::dedupe, RowKey(queue, RowKind::run, run).hash(entries.front().key), scratch);
}

RunLookup find_in_run(store::Transaction& transaction, std::uint32_t queue, std::uint32_t run, const KeyHash& key) {
  store::Row row;
  const RowKey prefix(queue, RowKind::run, run);
  if (!transaction.seek_back(store::Table::dedupe, RowKey(prefix).hash(key), row) || !row.key.starts_with(prefix)) return {};
  std::string_view value = row.value;
  if (!split_checksum(value) || value.size() % sizeof(DedupeEntry) != 0) return {std::nullopt, true};
  std::size_t low = 0, high = value.size() / sizeof(DedupeEntry);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const DedupeEntry entry = entry_at(value, middle);
    if (entry.key == key) return {entry, false};
    if (entry.key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {};
}

}  // namespace ackwire::dedupe
