// The turn: begin, commands, finish. And what is read at the start.
#include "engine/engine.hpp"

#include <algorithm>

#include "engine/state.hpp"

namespace ackwire::engine {
Error damaged_row(const std::string& place) {
  return {Errc::store_damaged,
          "The store is damaged: " + place + " cannot be read or fails its checksum. Nothing was changed or deleted. " +
              "Stop, copy the directory, and run `ackwire verify --repair` on it.",
          {},
          {}};
}

namespace {

constexpr std::uint32_t removal_rows = 100;  // a turn, at least

constexpr Duration dedupe_pause{1'000};  // between looks for keys whose window has passed

}  // namespace

Engine::State::State(store::Store& s, const EngineOptions& o) : store(s), options(o), random(o.seed) {}

Engine::Engine(store::Store& store, const EngineOptions& options) : state_(std::make_unique<State>(store, options)) {}
Engine::~Engine() = default;

std::uint64_t Engine::boot_epoch() const { return state_->boot.boot_epoch; }

bool Engine::knows_life(std::uint64_t boot_epoch) const {
  const auto& epochs = state_->lives.epochs;
  if (boot_epoch == state_->boot.boot_epoch) return true;
  if (boot_epoch > state_->boot.boot_epoch) return false;
  if (epochs.empty() || boot_epoch < epochs.front()) return true;
  return std::binary_search(epochs.begin(), epochs.end(), boot_epoch);
}

PlantedBugs& Engine::planted_bugs() { return state_->bugs; }

void Engine::State::damage(const std::string& place) {
  if (broken.ok()) broken = damaged_row(place);
}

Queue* Engine::State::find_queue(std::string_view name) {
  const auto it = queue_names.find(name);
  return it == queue_names.end() ? nullptr : it->second;
}

Group* Queue::find_group(std::string_view name) {
  for (auto& [group_id, group] : groups) {
    if (group.row.name == name) return &group;
  }
  return nullptr;
}

Subscription* Engine::State::find_subscription(SessionId session, SubscriptionId subscription) {
  const auto it = subscriptions.find({session, subscription});
  return it == subscriptions.end() ? nullptr : it->second.get();
}

void Engine::State::effect(SessionId session, decltype(model::Effect::what) what) { effects.push_back({session, std::move(what)}); }

Status Engine::open(Now now) {
  if (Status begun = begin(now); !begun) return begun;
  State& s = *state_;
  s.started = now.mono;
  s.load();
  if (s.broken.ok()) s.broken = s.tx->status();  // what could not be read is not absent
  if (!s.broken.ok()) {
    s.tx.reset();
    return s.broken;
  }
  s.begin_life();
  s.write_groups();
  Status committed = s.tx->commit();
  s.tx.reset();
  return committed;
}

// Every store that was ever opened has the boot row: without it, rows in any table mean that rows are missing.
bool Engine::State::lacks_rows() {
  store::Row row;
  for (std::size_t table = 0; table < store::table_count; ++table) {
    if (tx->seek(static_cast<Table>(table), std::string(1, '\0'), row) || !tx->status().ok()) return true;
  }
  return false;
}

void Engine::State::begin_life() {
  if (boot.boot_epoch != 0) lives.epochs.push_back(boot.boot_epoch);
  if (lives.epochs.size() > lives_kept) lives.epochs.erase(lives.epochs.begin());
  boot.boot_epoch = std::max(boot.boot_epoch + 1, epoch_ms(now.wall));
  boot.last_wall_ms = std::max(boot.last_wall_ms, epoch_ms(now.wall));
  tx->put(Table::state, key::boot(), encode(boot));
  tx->put(Table::state, key::lives(), encode(lives));
  keep_time();
}

void Engine::State::load() {
  const auto boot_row = tx->get(Table::state, key::boot());
  if (boot_row ? !read_state(std::string(std::string_view(key::boot())), *boot_row, boot, nullptr, "the boot row") : lacks_rows())
    return damage("the boot row");
  if (const auto row = tx->get(Table::state, key::lives()); row && !decode(*row, lives)) {
    lives = {};  // clients of an earlier life are told that theirs is not known
    damage_found.push_back("damage in the store: the row of boot epochs is lost");
  }
  std::string from = "Q";
  store::Row row;
  while (tx->seek(Table::state, from, row) && row.key.size() == 5 && row.key[0] == 'Q') {
    const std::uint32_t id = be32(row.key, 1);
    Queue& queue = queues[id];
    queue.id = id;
    from.assign(row.key);
    const std::string what = "the row of queue " + std::to_string(id);
    if (!read_state(from, row.value, queue.row, &queue, what)) return damage(what);
    from.push_back('\0');
  }
  for (auto& [id, queue] : queues) {
    queue.dedupe = std::make_unique<dedupe::Dedupe>(id);
    if (queue.row.removing) continue;
    queue_names[queue.row.name] = &queue;
    const std::string state_at(std::string_view{key::queue_state(id)}), counters = "the row of counters of queue " + queue.row.name;
    const auto state = tx->get(Table::state, state_at);
    if (!state || !read_state(state_at, *state, queue.state, &queue, counters)) return damage(counters);
    if (bugs.sequence_from_last_key) {
      format::Run last;
      queue.state.next_sequence = tx->seek_back(Table::blocks, key::block(id, ~std::uint64_t{0}), row) && be32(row.key, 0) == id &&
                                          format::split_run(row.value, last)
                                      ? last.first_sequence + last.count
                                      : 1;
    }
    std::string at(std::string_view{key::group(id, 0)});
    while (tx->seek(Table::state, at, row) && row.key.size() == 9 && row.key[0] == 'G' && be32(row.key, 1) == id) {
      Group group;
      group.id = be32(row.key, 5);
      at.assign(row.key);
      const std::string what = "the row of a group of queue " + queue.row.name;
      if (!read_state(at, row.value, group.row, &queue, what)) return damage(what);
      if (group.row.removing) {
        queue.removed_groups.push_back(group.id);
      } else {
        queue.groups.emplace(group.id, std::move(group));
      }
      at.push_back('\0');
    }
    queue.reclaim = true;
    if (Status opened = queue.dedupe->open(*tx); !opened) lose_keys(queue, opened.error().message);
    load_producers(queue);
    for (auto& [group_id, group] : queue.groups) {
      load_window(queue, group);
      load_leased_retry(queue, group);
      presume_after_crash(queue, group);
    }
    recount_damaged(queue);
  }
}

// Retry rows that were leased when the broker went: they are handed out again.
void Engine::State::load_leased_retry(Queue& queue, Group& group) {
  group.recovered_until = group.row.cursor;
  std::string at(std::string_view{key::due(queue.id, group.id, leased_due, 0)});
  store::Row row;
  while (tx->seek(Table::due, at, row) && row.key.size() == 24 && be32(row.key, 0) == queue.id && be32(row.key, 4) == group.id) {
    group.recovered_retry.emplace_back(be64(row.key, 16), row.value == due_begun);
    at.assign(row.key);
    at.push_back('\0');
  }
}

Status Engine::begin(Now now) {
  State& s = *state_;
  auto tx = s.store.begin();
  if (!tx) return tx.error();
  s.tx = std::move(*tx);
  s.now = now;
  s.budget = s.options.sweep_messages;
  s.measure_room();
  s.more = false;
  for (auto& [id, queue] : s.queues) {
    if (!queue.row.removing && queue.keys_damaged.empty()) queue.dedupe->seal_some(*s.tx);
  }
  return {};
}

Status Engine::finish() {
  State& s = *state_;
  for (auto& [id, queue] : s.queues) {
    if (!queue.row.removing) s.write_turn_blocks(queue);
  }
  if (s.now.mono >= s.resting_until) s.serve_queues();
  s.budget = std::max(s.budget, removal_rows);  // removals come last, and always get on
  for (auto it = s.queues.begin(); it != s.queues.end();) {
    Queue& queue = it->second;
    if (!queue.row.removing) {
      if (s.now.mono >= queue.next_prune) s.prune_producers(queue);
      s.close_blocks(queue);
    }
    const bool gone = s.continue_removal(queue) && queue.row.removing;
    it = gone ? s.queues.erase(it) : std::next(it);
  }
  s.take_samples();
  s.keep_time_if_due();
  s.write_rows();
  Status result = s.tx->status();  // first: rows cannot be read any more once the transaction has failed, which is no damage
  if (result.ok()) result = s.broken;
  if (result.ok()) result = s.tx->commit();
  s.tx.reset();
  if (!result.ok()) s.effects.clear(), s.notes.clear(), s.damage_found.clear();
  for (const auto& [key, subscription] : s.subscriptions) subscription->effect = Subscription::npos;
  return result;
}

// What a turn may sweep is shared: each turn begins with another queue, and in it with another group.
void Engine::State::serve_queues() {
  if (queues.empty()) return;
  auto it = queues.upper_bound(first_queue);
  if (it == queues.end()) it = queues.begin();
  first_queue = it->first;
  for (std::size_t served = 0; served < queues.size(); ++served) {
    Queue& queue = it->second;
    if (!queue.row.removing) serve_groups(queue);
    if (++it == queues.end()) it = queues.begin();
  }
}

void Engine::State::serve_groups(Queue& queue) {
  if (queue.groups.empty()) return;
  auto it = queue.groups.upper_bound(queue.first_group);
  if (it == queue.groups.end()) it = queue.groups.begin();
  queue.first_group = it->first;
  for (std::size_t served = 0; served < queue.groups.size(); ++served) {
    sweep(queue, it->second);
    dispatch(queue, it->second);
    if (++it == queue.groups.end()) it = queue.groups.begin();
  }
}

void Engine::State::write_rows() {
  for (auto& [id, queue] : queues) {
    if (queue.row_dirty) tx->put(Table::state, key::queue(id), encode(queue.row));
    if (queue.dirty && !queue.row.removing) tx->put(Table::state, key::queue_state(id), encode(queue.state));
    queue.row_dirty = queue.dirty = false;
    if (queue.row.removing) continue;
    if (queue.dedupe_changed || queue.dedupe->busy() || now.mono >= queue.next_dedupe_write) write_dedupe(queue);
    if (const Status readable = queue.dedupe->status(); !readable) lose_keys(queue, readable.error().message);
    for (TurnBlock& block : queue.turn_blocks) buffers.give_back(std::move(block.bytes));
    queue.turn_blocks.clear();
    queue.turn_blocks_written = 0;
  }
  write_groups();  // last: a look at the keys may have found damage
}

void Engine::State::write_groups() {
  for (auto& [id, queue] : queues) {
    if (queue.row.removing) continue;
    for (auto& [group_id, group] : queue.groups) {
      if (group.dirty) tx->put(Table::state, key::group(id, group_id), encode(group.row));
      if (group.concurrency_dirty) tx->put(Table::state, key::concurrency(id, group_id), encode_number(group.concurrency));
      group.dirty = group.concurrency_dirty = false;
    }
  }
}

void Engine::State::write_dedupe(Queue& queue) {
  if (bugs.dedupe_apart && queue.dedupe_changed && !std::exchange(queue.dedupe_late, true)) return;
  queue.dedupe_late = false;
  queue.next_dedupe_write = now.mono + dedupe_pause;
  if (!queue.keys_damaged.empty()) return;
  std::uint64_t final_below = queue.state.next_sequence;
  for (const auto& [id, group] : queue.groups) final_below = std::min(final_below, group.row.floor);
  queue.dedupe->write(*tx, now.wall, queue.row.policy.dedupe_window, final_below,
                      [&](std::uint64_t low, std::uint64_t high) { return pinned_keys(queue, low, high); });
  queue.dedupe_changed = false;
}

// Keys of messages in [low, high] that are delayed, failed or dead: they may come back, so they must stay known.
std::vector<dedupe::DedupeEntry> Engine::State::pinned_keys(Queue& queue, std::uint64_t low, std::uint64_t high) {
  std::vector<dedupe::DedupeEntry> pinned;
  for (auto& [group_id, group] : queue.groups) {
    for (const Table table : {Table::retry, Table::dead}) {
      std::string at(std::string_view{key::at(queue.id, group_id, low)});
      store::Row row;
      while (tx->seek(table, at, row) && row.key.size() == 16 && be32(row.key, 0) == queue.id && be32(row.key, 4) == group_id &&
             be64(row.key, 8) <= high) {
        TakenOut taken;
        format::Record record;
        at.assign(row.key);
        const std::uint64_t sequence = be64(at, 8);
        bool known = decode(row.value, taken);
        if (!known && table == Table::dead) read_dead(queue, group, sequence, row.value, taken);
        if (!known && table == Table::retry) read_retry(queue, group, sequence, taken);
        known = known && taken.reason != static_cast<std::uint8_t>(DeadReason::damaged);
        std::string_view bytes = taken.record;
        if ((known || is_whole(taken)) && format::split(bytes, record) && !record.key.empty()) {
          pinned.push_back({dedupe::hash_key(store.secret(), record.key), sequence, dedupe::fingerprint(record)});
        }
        at.push_back('\0');
      }
    }
  }
  return pinned;
}

std::vector<model::Effect> Engine::take_effects() { return std::exchange(state_->effects, {}); }

std::vector<std::string> Engine::take_damage() { return std::exchange(state_->damage_found, {}); }

std::optional<Duration> Engine::next_wakeup() const {
  const State& s = *state_;
  if (s.now.mono < s.resting_until) return s.resting_until;
  if (s.more) return s.now.mono;
  Duration next = Duration::max();
  bool waits_for_wall = false;
  const auto at_wall = [&](std::uint64_t ms) {
    waits_for_wall = true;
    const std::uint64_t wall = epoch_ms(s.now.wall);
    return s.now.mono + Duration{ms > wall ? static_cast<std::int64_t>(std::min<std::uint64_t>(ms - wall, 86'400'000)) : 0};
  };
  for (const auto& [id, queue] : s.queues) {
    if (queue.row.removing || !queue.removed_groups.empty() || queue.reclaim) next = s.now.mono;
    if (queue.dedupe->busy()) next = std::min(next, s.now.mono + Duration{5});
    if (const auto due = queue.dedupe->next_due()) {  // keys leave when their window is over, also in a queue at rest
      next = std::min(next, std::max(queue.next_dedupe_write, at_wall(epoch_ms(*due))));
    }
    if (!queue.sampled_idle) next = std::min(next, at_wall(s.next_sample_ms));
    for (const auto& [group_id, group] : queue.groups) {
      next = std::min({next, group.next_lease_check, group.next_recall});
      if (!group.returning.empty() || !group.recovered_blocks.empty() || !group.recovered_retry.empty()) next = s.now.mono;
      if (group.row.retry > group.retry_leases.size() + group.ready_retry) next = std::min(next, at_wall(group.next_due_ms));
      if (group.head_expiry_ms != 0 && group.row.cursor < queue.state.next_sequence)
        next = std::min(next, std::max(group.next_head_check, at_wall(group.head_expiry_ms)));
    }
  }
  if (next == Duration::max()) return std::nullopt;
  if (waits_for_wall) next = std::min(next, s.next_keep());  // a restart must not begin further back than that
  return std::max(next, s.now.mono);
}

}  // namespace ackwire::engine
