// Room in the store: publishes are refused above the soft limit, and what lies above it is for messages that come back. A message
// is handed out only when there is room to take it back into a row of its own; without room one goes at a time. So a full store
// drains.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr std::uint64_t page_bytes = 4096, row_overhead_bytes = 200;  // of a retry row and its place in the due index
// Pages that a transaction frees can be used by the next but one. So a turn moves at most a part of what is free.
constexpr std::uint64_t turn_part = 4;
// How much of what lies above the soft limit may be used; the rest is for the turns' own pages. What becomes a dead letter by its
// age may take more than what can still be handed out, because it leaves a place behind.
constexpr double for_returns = 0.5, for_expiry = 0.8;
constexpr std::size_t texts_bytes = 2 * limits::error_text_bytes;  // of one attempt: its error, and the detail of a dead letter
constexpr std::size_t short_text_bytes = 100;                      // what is kept of a text when the store is full

std::uint64_t share(double part, std::uint64_t bytes) { return static_cast<std::uint64_t>(part * static_cast<double>(bytes)); }

}  // namespace

std::uint64_t rows_room(std::uint64_t count, std::uint64_t bytes) {
  if (count == 0) return 0;
  const bool own_pages = bytes / count > page_bytes / 2 - row_overhead_bytes;
  return own_pages ? bytes + count * (page_bytes + row_overhead_bytes) : 2 * (bytes + count * row_overhead_bytes);
}

std::uint64_t returns_room(std::uint64_t count, std::uint64_t bytes) { return rows_room(count, bytes + count * texts_bytes); }

namespace {

std::uint64_t row_bytes(const TakenOut& row) {
  std::uint64_t bytes = row.record.size() + row.detail.size();
  for (const AttemptError& error : row.errors) bytes += error.text.size() + 16;
  return bytes;
}

}  // namespace

void Engine::State::measure_room() {
  usage = store.usage();
  appended_bytes = moved_bytes = 0;
  const std::uint64_t free = usage.limit_bytes - std::min(usage.limit_bytes, usage.used_bytes);
  movable_bytes = free / turn_part;
}

bool Engine::State::over_limit() const {
  return usage.used_bytes + appended_bytes > share(options.store_soft_limit, usage.limit_bytes) ||
         usage.disk_free_bytes < options.disk_floor_bytes || now.mono < refusing_until;
}

bool Engine::State::room_for(std::uint64_t bytes, double part) const {
  const double most = options.store_soft_limit + (1 - options.store_soft_limit) * part;
  return usage.used_bytes + appended_bytes + moved_bytes + bytes <= share(most, usage.limit_bytes);
}

// Texts help people, but no text may be why a message finds no room.
void Engine::State::spend_room(TakenOut& row) {
  if (!room_for(rows_room(1, row_bytes(row)), for_returns)) {
    if (row.errors.size() > 1) row.errors.erase(row.errors.begin(), row.errors.end() - 1);
    for (AttemptError& error : row.errors) error.text.resize(std::min(error.text.size(), short_text_bytes));
    row.detail.resize(std::min(row.detail.size(), short_text_bytes));
  }
  const std::uint64_t bytes = rows_room(1, row_bytes(row));
  moved_bytes += bytes;
  movable_bytes -= std::min(movable_bytes, bytes);
  if (movable_bytes > 0 || budget == 0) return;
  budget = 0;
  more = true;
}

// A message that becomes a dead letter by its age waits in its block until there is room for the row.
bool Engine::State::room_to_expire(const Queue& queue, std::uint64_t record_bytes) const {
  return queue.row.policy.on_expiry != OnExpiry::dead_letter || room_for(rows_room(1, record_bytes), for_expiry);
}

bool Engine::State::room_for_return(const Group& group, const format::Run& run) const {
  const std::uint64_t needed = group.window.contains(run.first_sequence) ? 0 : returns_room(run.count, run.records.size());
  return room_for(reserved_bytes + needed, for_returns);
}

}  // namespace ackwire::engine
