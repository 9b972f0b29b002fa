#include "dedupe/log.hpp"

#include <algorithm>

namespace ackwire::dedupe {

void append_log(store::Transaction& transaction, std::uint32_t queue, LoggedTable& table, std::span<const DedupeEntry> entries,
                Timestamp now, std::string& scratch) {
  table.added_at(now);
  while (!entries.empty()) {
    const std::size_t count = std::min(entries.size(), log_row_entries);
    scratch.clear();
    append(scratch, static_cast<std::uint64_t>(now.time_since_epoch().count()));
    scratch.append(reinterpret_cast<const char*>(entries.data()), count * sizeof(DedupeEntry));
    append_checksum(scratch);
    transaction.put(store::Table::dedupe, RowKey(queue, RowKind::log, table.number).row(table.rows), scratch);
    ++table.rows;
    entries = entries.subspan(count);
  }
}

bool load_log_row(LoggedTable& table, std::uint32_t row, std::string_view value) {
  std::uint64_t time = 0;
  if (!split_checksum(value) || !split(value, time) || value.size() % sizeof(DedupeEntry) != 0) return false;
  for (std::size_t i = 0; i < value.size() / sizeof(DedupeEntry); ++i) table.add(entry_at(value, i));
  table.added_at(Timestamp(Duration(static_cast<std::int64_t>(time))));
  table.rows = row + 1;
  return true;
}

}  // namespace ackwire::dedupe
