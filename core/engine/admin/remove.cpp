// Removal of queues and groups: gone from sight in one transaction, their rows erased a bounded part each turn, also after a
// restart.
#include <algorithm>

#include "engine/state.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {

void Engine::State::drop_consumers(Group& group, const Error& why) {
  while (!group.consumers.empty()) {
    Subscription& subscription = *group.consumers.back();
    turn.effect(subscription.session, model::SubscriptionEnded{subscription.id, why});
    end_subscription(subscription, Return::release, "");
  }
}

bool Engine::State::erase_rows(Table table, std::string_view prefix) {
  store::Row row;
  while (turn.tx->seek(table, prefix, row) && row.key.starts_with(prefix)) {
    if (turn.budget == 0) return false;
    --turn.budget;
    const std::string found(row.key);  // the view does not survive its own erasure
    turn.tx->erase(table, found);
  }
  return true;
}

void Engine::State::remove_queue(Queue& queue) {
  for (auto& [id, group] : queue.groups) {
    drop_consumers(group, {Errc::no_queue, "Queue " + rules::quote(queue.row.name) + " was removed, with what it held.", {}, {}});
  }
  queue_names.erase(queue.row.name);
  queue.row.removing = true;
  queue.row_dirty = true;
  queue.groups.clear();
  queue.producers.clear();
  queue.removed_groups.clear();
  sampler.set_active(queue, false);
}

void Engine::State::remove_group(Queue& queue, Group& group) {
  drop_consumers(group, {Errc::no_group,
                         "Group " + rules::quote(group.row.name) + " of queue " + rules::quote(queue.row.name) +
                             " was removed; other groups keep their messages.",
                         {},
                         {}});
  const std::uint32_t id = group.id;
  group.row.removing = true;
  turn.tx->put(Table::state, key::group(queue.id, id), encode(group.row));
  queue.groups.erase(id);
  queue.removed_groups.push_back(id);
  queue.reclaim = true;
}

// Erases a part of what was removed. True when the whole queue is gone.
bool Engine::State::continue_removal(Queue& queue) {
  if (queue.row.removing) {
    const std::string prefix(std::string_view(Key().u32(queue.id)));
    for (const Table table : {Table::retry, Table::due, Table::dead, Table::bodies, Table::marks, Table::blocks}) {
      if (!erase_rows(table, prefix)) return false;
    }
    if (!erase_rows(Table::state, Key().u8('P').u32(queue.id)) || !erase_rows(Table::state, Key().u8('G').u32(queue.id)) ||
        !erase_rows(Table::state, Key().u8('C').u32(queue.id)))
      return false;
    if (!queue.dedupe->erase_some(*turn.tx, turn.budget)) return false;
    turn.tx->erase(Table::state, key::queue_state(queue.id));
    turn.tx->erase(Table::state, key::queue(queue.id));
    return true;
  }
  while (!queue.removed_groups.empty()) {
    const std::uint32_t group = queue.removed_groups.back();
    const std::string prefix(std::string_view(Key().u32(queue.id).u32(group)));
    for (const Table table : {Table::retry, Table::due, Table::dead, Table::bodies, Table::marks}) {
      if (!erase_rows(table, prefix)) return false;
    }
    turn.tx->erase(Table::state, key::concurrency(queue.id, group));
    turn.tx->erase(Table::state, key::group(queue.id, group));
    queue.removed_groups.pop_back();
  }
  if (queue.reclaim) reclaim_blocks(queue);
  return false;
}

// Blocks that only a removed group still needed.
void Engine::State::reclaim_blocks(Queue& queue) {
  std::uint64_t floor = queue.state.next_sequence;
  for (const auto& [id, group] : queue.groups) floor = std::min(floor, group.row.floor);
  format::Run run;
  bool fresh = false;
  while (read_block(queue, 0, run, fresh) && run.first_sequence + run.count <= floor) {
    if (turn.budget == 0) return;
    --turn.budget;
    erase_block(queue, run.first_sequence, run.count, run.records.size());
  }
  queue.reclaim = false;
  // Finished blocks above the floor go in the next turn.
  for (auto& [id, group] : queue.groups) {
    for (auto& [base, block] : group.window) {
      if (block.open != 0) continue;
      touch(group, block);
      queue.unfinished = true;
    }
  }
}

}  // namespace ackwire::engine
