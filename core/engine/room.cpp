// Room in the store: publishes are refused above the soft limit, and what lies above it is for messages that come back. A message
// is handed out only when there is room to take it back into a row of its own; without room one goes at a time. So a full store
// drains.
#include <algorithm>

#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr std::uint64_t page_bytes = 4096, row_overhead_bytes = 200;  // of a retry row and its place in the due index
// Pages that a transaction frees can be used by the next but one. So a turn moves at most a part of what is free.
constexpr std::uint64_t turn_part = 4;

std::uint64_t share(double part, std::uint64_t bytes) { return static_cast<std::uint64_t>(part * static_cast<double>(bytes)); }

}  // namespace

std::uint64_t rows_room(std::uint64_t count, std::uint64_t bytes) {
  if (count == 0) return 0;
  const bool own_pages = bytes / count > page_bytes / 2 - row_overhead_bytes;
  return own_pages ? bytes + count * (page_bytes + row_overhead_bytes) : 2 * (bytes + count * row_overhead_bytes);
}

void Engine::State::measure_room() {
  usage = store.usage();
  appended_bytes = 0;
  const std::uint64_t free = usage.limit_bytes - std::min(usage.limit_bytes, usage.used_bytes);
  movable_bytes = free / turn_part;
}

bool Engine::State::over_limit() const {
  return usage.used_bytes + appended_bytes > share(options.store_soft_limit, usage.limit_bytes) ||
         usage.disk_free_bytes < options.disk_floor_bytes || now.mono < refusing_until;
}

void Engine::State::spend_room(const TakenOut& row) {
  const std::uint64_t bytes = rows_room(1, row.record.size());
  movable_bytes -= std::min(movable_bytes, bytes);
  if (movable_bytes > 0 || budget == 0) return;
  budget = 0;
  more = true;
}

bool Engine::State::room_for_return(const Group& group, const format::Run& run) const {
  const std::uint64_t needed = group.window.contains(run.first_sequence) ? 0 : rows_room(run.count, run.records.size());
  const double returns = options.store_soft_limit + (1 - options.store_soft_limit) / 2;  // the other half is for the turns' pages
  return usage.used_bytes + appended_bytes + reserved_bytes + needed <= share(returns, usage.limit_bytes);
}

}  // namespace ackwire::engine
