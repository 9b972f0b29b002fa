// Purge: an operator discards what is ready or delayed. Leased messages and dead letters stay.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {

/// By an operator.
void Engine::State::discard_message(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row, rules::State from) {
  const rules::Input input = from == rules::State::dead ? rules::Input::discard : rules::Input::purge;
  transition(queue, group, from, input, 1, row.record_bytes());
  remember_key(queue, sequence, row.record);
  drop_body(queue, group, sequence, row);
}

// One chunk of the retry rows below `bound`. False when the budget is spent.
bool Engine::State::purge_retry(Queue& queue, Group& group, std::uint64_t bound, std::uint64_t& count) {
  store::Row row;
  store::Scan scan(*turn.tx, Table::retry, key::of(queue.id, group.id));
  while (scan.next(row) && row.key.size() == 16 && be64(row.key, 8) < bound) {
    const std::uint64_t sequence = be64(row.key, 8);
    if (group.retry_leases.contains(sequence)) continue;
    if (turn.budget == 0) return false;
    --turn.budget;
    TakenOut taken;
    if (!read_retry(queue, group, sequence, taken)) continue;
    erase_retry(queue, group, sequence, taken);
    const bool waits = Due{taken.time_ms, sequence} > group.matured;
    discard_message(queue, group, sequence, taken, waits ? rules::State::delayed : rules::State::ready);
    ++count;
  }
  return true;
}

// Messages that were never handed out: block by block from the cursor.
bool Engine::State::purge_blocks(Queue& queue, Group& group, std::uint64_t bound, std::uint64_t& count) {
  while (group.row.cursor < bound) {
    if (turn.budget == 0) return false;
    format::Run run;
    bool fresh = false;
    if (!read_block(queue, group.row.cursor, run, fresh) || run.first_sequence >= bound) break;
    WindowBlock& block = open_window(group, run);
    group.row.cursor = std::max(group.row.cursor, run.first_sequence);
    group.dirty = true;
    for (auto i = static_cast<std::uint32_t>(group.row.cursor - block.base);
         i < block.count() && group.row.cursor < bound && turn.budget > 0; ++i) {
      --turn.budget;
      ++group.row.cursor;
      transition(queue, group, rules::State::ready, rules::Input::purge, 1, block.slots[i].bytes);
      settle_slot(group, block, i);
      ++count;
    }
  }
  return true;
}

}  // namespace ackwire::engine
