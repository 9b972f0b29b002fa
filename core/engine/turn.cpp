// The turn: begin, commands, finish. It costs what it touches: queues that a command named, and those whose time has come.
#include <algorithm>

#include "engine/planted.hpp"
#include "engine/rows/body.hpp"
#include "engine/state.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {
namespace {

constexpr std::uint32_t removal_rows = 100;  // a turn, at least

constexpr Duration dedupe_pause{1'000};  // between looks for keys whose window has passed
constexpr Duration seal_pause{5};        // between slices of a table of keys that is being sealed

constexpr std::uint64_t longest_wait_ms = 86'400'000;

}  // namespace

Status Engine::begin(Now now) {
  State& s = *state_;
  auto tx = s.store.begin();
  if (!tx) return tx.error();
  s.turn.tx = std::move(*tx);
  s.turn.now = now;
  s.turn.budget = s.options.sweep_messages;
  s.room.measure();
  s.turn.more = false;
  for (Queue* queue : std::exchange(s.sealing, {})) {
    s.touch(*queue);
    if (!queue->row.removing && queue->keys_damaged.empty()) queue->dedupe->seal_some(*s.turn.tx);
  }
  return {};
}

Status Turn::commit() {
  Status result = tx->status();  // first: rows cannot be read any more once the transaction has failed, which is no damage
  if (result.ok()) result = broken;
  if (result.ok()) result = tx->commit();
  tx.reset();
  if (!result.ok()) effects.clear(), notes.clear(), damage_found.clear();
  return result;
}

void Engine::State::finish_turn() {
  touch_due();
  run_jobs();
  for (Queue* queue : touched) {
    if (!queue->row.removing) write_turn_blocks(*queue);
  }
  if (turn.now.mono >= room.resting_until()) serve_queues();
  turn.budget = std::max(turn.budget, removal_rows);  // removals come last, and always get on
  tidy_queues();
  take_samples();
  keep_time_if_due();
  write_rows();
}

Status Engine::State::end_turn() {
  Status result = turn.commit();
  if (result.ok()) consumers.unanswered.clear();
  consumers.close_deliveries();
  if (result.ok()) settle_touched();
  return result;
}

// Whatever may change what a queue has to do, or what of it must be written, says so here.
void Engine::State::touch(Queue& queue) {
  if (queue.touched) return;
  queue.touched = true;
  touched.push_back(&queue);
  sampler.touch(queue);
}

// Its consumers may be handed messages again.
void Engine::State::touch_queues_of(SessionId session) {
  consumers.of(session, [this](Subscription& subscription) { queue_of(subscription); });
}

void Engine::State::touch_due() {
  due_queues.clear();
  agenda.due(turn.now, due_queues);
  for (const std::uint32_t id : due_queues) touch(queues.at(id));
}

// What a turn may sweep is shared: each turn begins with another queue, and in it with another group.
void Engine::State::serve_queues() {
  if (touched.empty()) return;
  std::sort(touched.begin(), touched.end(), [](const Queue* a, const Queue* b) { return a->id < b->id; });
  auto first =
      std::upper_bound(touched.begin(), touched.end(), first_queue, [](std::uint32_t id, const Queue* q) { return id < q->id; });
  if (first == touched.end()) first = touched.begin();
  first_queue = (*first)->id;
  std::rotate(touched.begin(), first, touched.end());
  for (Queue* queue : touched) {
    if (!queue->row.removing) serve_groups(*queue);
  }
}

void Engine::State::serve_groups(Queue& queue) {
  if (queue.groups.empty()) return;
  const bool before = std::exchange(turn.more, false);
  queue.waits_for_room = false;
  auto it = queue.groups.upper_bound(queue.first_group);
  if (it == queue.groups.end()) it = queue.groups.begin();
  queue.first_group = it->first;
  for (std::size_t served = 0; served < queue.groups.size(); ++served) {
    sweep(queue, it->second);
    dispatch(queue, it->second);
    if (++it == queue.groups.end()) it = queue.groups.begin();
  }
  queue.unfinished = turn.more;
  turn.more = turn.more || before;
}

void Engine::State::tidy_queues() {
  for (std::size_t i = 0; i < touched.size(); ++i) {
    Queue& queue = *touched[i];
    if (!queue.row.removing) {
      if (turn.now.mono >= queue.next_prune) prune_producers(queue);
      close_blocks(queue);
    }
    if (!continue_removal(queue) || !queue.row.removing) continue;
    forget_queue(queue);
    touched[i--] = touched.back();
    touched.pop_back();
  }
}

// All its rows are gone.
void Engine::State::forget_queue(Queue& queue) {
  agenda.erase(queue.id);
  sampler.forget(queue);
  queues.erase(queue.id);
}

// What was not finished stays touched; the others are looked at when something touches them or their time comes.
void Engine::State::settle_touched() {
  const bool rests = turn.now.mono < room.resting_until();
  auto kept = touched.begin();
  for (Queue* queue : touched) {
    if (!queue->row.removing && queue->dedupe->busy()) sealing.push_back(queue);
    agenda.set(queue->id, wake_of(*queue));
    if (rests || queue->unfinished || queue->waits_for_room) {
      *kept++ = queue;
    } else {
      queue->touched = false;
    }
    queue->unfinished = false;
  }
  touched.erase(kept, touched.end());
}

Wake Engine::State::wake_of(const Queue& queue) const {
  Wake wake;
  // What comes with a broker time, but is not looked at before a pause is over.
  const auto after_pause = [&](Duration pause, std::uint64_t ms) {
    if (ms <= epoch_ms(turn.now.wall)) {
      wake.at(pause);
    } else {
      wake.at_wall(ms);
    }
  };
  if (queue.row.removing || !queue.removed_groups.empty() || queue.reclaim) wake.at(turn.now.mono);
  if (queue.row.removing) return wake;
  if (queue.dedupe->busy()) wake.at(turn.now.mono + seal_pause);
  if (const auto due = queue.dedupe->next_due()) {  // keys leave when their window is over, also in a queue at rest
    after_pause(queue.next_dedupe_write, epoch_ms(*due));
  }
  if (!queue.producers.empty()) wake.at(queue.next_prune);
  for (const auto& [id, group] : queue.groups) {
    wake.at(std::min(group.next_lease_check, group.next_recall));
    if (!group.returning.empty() || !group.recovered_blocks.empty() || !group.recovered_retry.empty()) wake.at(turn.now.mono);
    if (group.row.retry > group.retry_leases.size() + group.ready_retry) wake.at_wall(group.next_due_ms);
    if (group.row.cursor >= queue.state.next_sequence) continue;
    if (group.head_expiry_ms != 0) after_pause(group.next_head_check, group.head_expiry_ms);
    if (group.head_looked_at != group.row.cursor) wake.at(group.next_head_check);
  }
  return wake;
}

// For tests: what is wrong with the lists, seen from all queues.
std::optional<std::string> Engine::State::lists_fault() const {
  Gauges sum;
  for (const auto& [id, queue] : queues) {
    sum.depth += queue.gauges.depth, sum.leased += queue.gauges.leased;
    const auto fault = [&queue](const char* what) { return "queue " + queue.row.name + " is not touched and " + what; };
    if (queue.touched) continue;
    if (queue.dirty || queue.row_dirty || !queue.turn_blocks.empty()) return fault("dirty");
    const Wake* known = agenda.find(id);
    const Wake is = wake_of(queue), was = known ? *known : Wake{};
    const auto due_now = [this](const Wake& wake) { return wake.mono <= turn.now.mono || wake.wall_ms <= epoch_ms(turn.now.wall); };
    if (due_now(is) && !due_now(was)) return fault("due");
    for (const auto& [group_id, group] : queue.groups) {
      if (group.dirty || group.concurrency_dirty || !group.touched.empty()) return fault("a group of it is dirty");
      const bool anybody =
          std::any_of(group.consumers.begin(), group.consumers.end(), [](const Subscription* s) { return s->free() > 0; });
      const bool anything =
          group.ready_retry > 0 || Group::less(group.outstanding(), group.leased + group.row.retry - group.retry_leases.size()) > 0;
      if (anybody && anything && !queue.holds_back(group) && group.leased < queue.row.policy.max_in_flight)
        return fault("has messages for a consumer that waits");
    }
  }
  if (sum.depth != sampler.gauges.depth || sum.leased != sampler.gauges.leased)
    return "the gauges of the broker are not the sum of those of its queues";
  return std::nullopt;
}

std::optional<Duration> Engine::next_wakeup() const {
  const State& s = *state_;
  if (s.turn.now.mono < s.room.resting_until()) return s.room.resting_until();
  if (s.turn.more) return s.turn.now.mono;
  const Wake first = s.agenda.next();
  const std::uint64_t wall_ms = std::min(first.wall_ms, s.sampler.active_queues > 0 ? s.sampler.next_sample_ms : Wake::never_ms);
  Duration next = first.mono;
  if (wall_ms != Wake::never_ms) {
    const std::uint64_t wall = epoch_ms(s.turn.now.wall);
    next = std::min(next, s.turn.now.mono +
                              Duration{wall_ms > wall ? static_cast<std::int64_t>(std::min(wall_ms - wall, longest_wait_ms)) : 0});
    next = std::min(next, s.next_keep());  // a restart must not begin further back than that
  }
  if (next == Wake::never) return std::nullopt;
  return std::max(next, s.turn.now.mono);
}

void Engine::State::write_rows() {
  for (Queue* queue : touched) {
    const std::uint32_t id = queue->id;
    if (queue->row_dirty) turn.tx->put(Table::state, key::queue(id), encode(queue->row));
    if (queue->dirty && !queue->row.removing) turn.tx->put(Table::state, key::queue_state(id), encode(queue->state));
    queue->row_dirty = queue->dirty = false;
    if (queue->row.removing) continue;
    if (queue->dedupe_changed || queue->dedupe->busy() || turn.now.mono >= queue->next_dedupe_write) write_dedupe(*queue);
    if (const Status readable = queue->dedupe->status(); !readable) lose_keys(*queue, readable.error().message);
    for (TurnBlock& block : queue->turn_blocks) buffers.give_back(std::move(block.bytes));
    queue->turn_blocks.clear();
    queue->turn_blocks_written = 0;
  }
  for (Queue* queue : touched) write_groups(*queue);  // last: a look at the keys may have found damage
}

void Engine::State::write_groups(Queue& queue) {
  if (queue.row.removing) return;
  for (auto& [id, group] : queue.groups) {
    if (group.dirty) turn.tx->put(Table::state, key::group(queue.id, id), encode(group.row));
    if (group.concurrency_dirty) turn.tx->put(Table::state, key::concurrency(queue.id, id), encode_number(group.concurrency));
    group.dirty = group.concurrency_dirty = false;
  }
}

void Engine::State::write_dedupe(Queue& queue) {
  if (planted(Planted::dedupe_apart) && queue.dedupe_changed && !std::exchange(queue.dedupe_late, true)) return;
  queue.dedupe_late = false;
  queue.next_dedupe_write = turn.now.mono + dedupe_pause;
  if (!queue.keys_damaged.empty()) return;
  std::uint64_t final_below = queue.state.next_sequence;
  for (const auto& [id, group] : queue.groups) final_below = std::min(final_below, group.row.floor);
  queue.dedupe->write(*turn.tx, turn.now.wall, queue.row.policy.dedupe_window, final_below,
                      [&](std::uint64_t low, std::uint64_t high) { return pinned_keys(queue, low, high); });
  queue.dedupe_changed = false;
}

// Keys of messages in [low, high] that are delayed, failed or dead: they may come back, so they must stay known.
std::vector<dedupe::DedupeEntry> Engine::State::pinned_keys(Queue& queue, std::uint64_t low, std::uint64_t high) {
  std::vector<dedupe::DedupeEntry> pinned;
  for (auto& [group_id, group] : queue.groups) {
    for (const Table table : {Table::retry, Table::dead}) {
      store::Row row;
      store::Scan scan(*turn.tx, table, key::of(queue.id, group_id), key::at(queue.id, group_id, low));
      while (scan.next(row) && row.key.size() == 16 && be64(row.key, 8) <= high) {
        TakenOut taken;
        format::Record record;
        const std::uint64_t sequence = be64(row.key, 8);
        bool known = static_cast<bool>(read_taken_out(*turn.tx, row.key, row.value, taken));
        if (!known && table == Table::dead) read_dead(queue, group, sequence, row.value, taken);
        if (!known && table == Table::retry) read_retry(queue, group, sequence, taken);
        known = known && taken.reason != static_cast<std::uint8_t>(DeadReason::damaged);
        std::string_view bytes = taken.record;
        if (((known && taken.body_bytes == 0) || is_whole(taken)) && format::split(bytes, record) && !record.key.empty()) {
          pinned.push_back({dedupe::hash_key(store.secret(), record.key), sequence, dedupe::fingerprint(record)});
        }
      }
    }
  }
  return pinned;
}

}  // namespace ackwire::engine
