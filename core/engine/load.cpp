// What is read when a store is opened: the queues, their groups and windows, and who held what when the broker before went.
#include <algorithm>

#include "engine/planted.hpp"
#include "engine/state.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {

Status Engine::open(Now now) {
  if (Status begun = begin(now); !begun) return begun;
  State& s = *state_;
  s.started = now.mono;
  if (Status read = s.read_store(); !read) return read;
  s.begin_life();
  for (auto& [id, queue] : s.queues) s.write_groups(queue);
  return s.commit_start();
}

Status Engine::State::read_store() {
  load();
  if (turn.broken.ok()) turn.broken = turn.tx->status();  // what could not be read is not absent
  if (!turn.broken.ok()) turn.tx.reset();
  return turn.broken;
}

Status Engine::State::commit_start() {
  for (auto& [id, queue] : queues) {
    touch(queue);  // the first turn looks at all of them
    agenda.set(id, wake_of(queue));
  }
  Status committed = turn.tx->commit();
  turn.tx.reset();
  return committed;
}

// Every store that was ever opened has the boot row: without it, rows in any table mean that rows are missing.
bool Engine::State::lacks_rows() {
  store::Row row;
  for (std::size_t table = 0; table < store::table_count; ++table) {
    if (turn.tx->seek(static_cast<Table>(table), std::string(1, '\0'), row) || !turn.tx->status().ok()) return true;
  }
  return false;
}

void Engine::State::begin_life() {
  if (boot.boot_epoch != 0) lives.epochs.push_back(boot.boot_epoch);
  if (lives.epochs.size() > lives_kept) lives.epochs.erase(lives.epochs.begin());
  boot.boot_epoch = std::max(boot.boot_epoch + 1, epoch_ms(turn.now.wall));
  boot.last_wall_ms = std::max(boot.last_wall_ms, epoch_ms(turn.now.wall));
  turn.tx->put(Table::state, key::boot(), encode(boot));
  turn.tx->put(Table::state, key::lives(), encode(lives));
  keep_time();
}

void Engine::State::load() {
  const auto boot_row = turn.tx->get(Table::state, key::boot());
  if (boot_row ? !read_state(std::string(std::string_view(key::boot())), *boot_row, boot, nullptr, "the boot row") : lacks_rows())
    return turn.damage("the boot row");
  if (const auto row = turn.tx->get(Table::state, key::lives())) {
    const Decoded read = decode(*row, lives);
    if (read.is_newer()) return turn.refuse_newer("the row of boot epochs");
    if (!read) {
      lives = {};  // clients of an earlier life are told that theirs is not known
      turn.damage_found.push_back("damage in the store: the row of boot epochs is lost");
    }
  }
  if (const auto row = turn.tx->get(Table::state, key::time()); row && decode(*row, time).is_newer())
    return turn.refuse_newer("the row of the time");
  store::Row row;
  for (store::Scan scan(*turn.tx, Table::state, "Q"); scan.next(row) && row.key.size() == 5;) {
    const std::uint32_t id = be32(row.key, 1);
    Queue& queue = queues[id];
    queue.id = id;
    const std::string at(row.key), what = "the row of queue " + std::to_string(id);
    if (!read_state(at, row.value, queue.row, &queue, what)) return turn.damage(what);
  }
  load_jobs();
  for (auto& [id, queue] : queues) {
    queue.dedupe = std::make_unique<dedupe::Dedupe>(id);
    if (queue.row.removing) continue;
    queue_names[queue.row.name] = &queue;
    const std::string state_at(std::string_view{key::queue_state(id)}), counters = "the row of counters of queue " + queue.row.name;
    const auto state = turn.tx->get(Table::state, state_at);
    if (!state || !read_state(state_at, *state, queue.state, &queue, counters)) return turn.damage(counters);
    if (planted(Planted::sequence_from_last_key)) {
      format::Run last;
      queue.state.next_sequence = turn.tx->seek_back(Table::blocks, key::block(id, ~std::uint64_t{0}), row) &&
                                          be32(row.key, 0) == id && format::split_run(row.value, last)
                                      ? last.first_sequence + last.count
                                      : 1;
    }
    for (store::Scan scan(*turn.tx, Table::state, Key().u8('G').u32(id)); scan.next(row) && row.key.size() == 9;) {
      Group group;
      group.id = be32(row.key, 5);
      const std::string at(row.key), what = "the row of a group of queue " + queue.row.name;
      if (!read_state(at, row.value, group.row, &queue, what)) return turn.damage(what);
      if (group.row.removing) {
        queue.removed_groups.push_back(group.id);
      } else {
        queue.groups.emplace(group.id, std::move(group));
      }
    }
    queue.reclaim = true;
    if (Status opened = queue.dedupe->open(*turn.tx); !opened) lose_keys(queue, opened.error().message);
    load_producers(queue);
    for (auto& [group_id, group] : queue.groups) {
      load_window(queue, group);
      load_leased_retry(queue, group);
      if (!resumes) presume_after_crash(queue, group);
    }
    recount_damaged(queue);
  }
}

// Retry rows that were leased when the broker went: they are handed out again.
void Engine::State::load_leased_retry(Queue& queue, Group& group) {
  group.recovered_until = group.row.cursor;
  store::Row row;
  store::Scan scan(*turn.tx, Table::due, key::of(queue.id, group.id), key::due(queue.id, group.id, leased_due, 0));
  while (scan.next(row) && row.key.size() == 24) group.recovered_retry.emplace_back(be64(row.key, 16), row.value == due_begun);
}

}  // namespace ackwire::engine
