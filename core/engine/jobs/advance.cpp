// Jobs as they go on: each that runs does a bounded part in each turn, and its row says in the same transaction how far it came.
#include <algorithm>
#include <utility>

#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {
namespace {

bool take_progress(JobRow& row, const model::Purged& part) {
  row.moved += part.count;
  row.bound = part.below_sequence;
  return part.more;
}

bool take_progress(JobRow& row, const model::Moved& part) {
  row.moved += part.moved.moved;
  row.not_found.insert(row.not_found.end(), part.moved.not_found.begin(), part.moved.not_found.end());
  row.next = part.next;
  row.dead_until_ms = part.dead_until_ms;
  return part.more;
}

/// Whether there is more to do, or why there cannot be.
template <class Table, class V>
Result<bool> part_of(Engine::State& s, JobRow& row, const Table& table, const V& verb) {
  const auto part = std::get<Handler<V>>(table.all)(s, verb);
  if (!part) return part.error();
  return take_progress(row, *part);
}

}  // namespace

void Engine::State::load_jobs() {
  store::Row row;
  std::vector<std::string> unreadable;
  for (store::Scan scan(*turn.tx, Table::state, "J"); scan.next(row) && row.key.size() == 9;) {
    JobRow read;
    const Decoded decoded = decode(row.value, read);
    if (decoded.is_newer()) return turn.refuse_newer("the row of a job");
    if (!decoded) {
      unreadable.emplace_back(row.key);
      continue;
    }
    const std::uint64_t id = be64(row.key, 1);
    if (read.state == JobState::running) running_jobs.insert(id);
    jobs.emplace(id, std::move(read));
  }
  turn.more = turn.more || !running_jobs.empty();
  for (const std::string& at : unreadable) {
    turn.tx->erase(Table::state, at);
    turn.damage_found.push_back("damage in the store: the row of job " + std::to_string(be64(at, 1)) +
                                " is lost; what it did stays done, the rest is left to whoever asked for it");
  }
}

// Each turn begins with another, so that all get on. What jobs do is apart from what the turn may sweep and hand out: they share
// half as much again, so consumers get their messages meanwhile, and what is redriven can be swept as fast as it comes.
void Engine::State::run_jobs() {
  if (running_jobs.empty()) return;
  turn.more = true;
  if (turn.now.mono < room.resting_until()) return;
  turn.asking = {};
  const std::uint32_t others = turn.budget;
  const auto share = std::max<std::uint32_t>(options.sweep_messages / 2 / static_cast<std::uint32_t>(running_jobs.size()), 1);
  auto next = running_jobs.upper_bound(last_job);
  for (std::size_t left = running_jobs.size(); left > 0; --left) {
    if (next == running_jobs.end()) next = running_jobs.begin();
    last_job = *next++;
    turn.budget = share;
    advance_job(last_job, jobs.at(last_job));
  }
  turn.budget = others;
}

// One part, within the turn's budget.
void Engine::State::advance_job(std::uint64_t id, JobRow& row) {
  const Result<bool> more = job_part(row);
  if (!more) {
    row.code = name(more.error().code);
    row.error = more.error().message;
    end_job(id, row, JobState::failed);
  } else if (*more) {
    turn.tx->put(Table::state, key::job(id), encode(row));
    turn.more = true;
  } else {
    end_job(id, row, JobState::done);
  }
}

Result<bool> Engine::State::job_part(JobRow& row) {
  const Queue* queue = find_queue(row.queue_name);
  if (!queue || queue->id != row.queue) return no_queue(row.queue_name, "It was removed while the job was running.");
  if (row.kind == JobKind::purge) return part_of(*this, row, queue_handlers, model::Purge{row.queue_name, row.bound});
  model::MoveDead move;
  move.action = row.kind == JobKind::redrive ? model::DeadAction::redrive : model::DeadAction::discard;
  move.queue = row.queue_name, move.group = row.group;
  if (row.reason != 0) move.filter.reason = static_cast<DeadReason>(row.reason);
  move.filter.sequences = row.sequences;
  move.from = row.next;
  move.dead_until_ms = row.dead_until_ms;
  return part_of(*this, row, dead_letter_handlers, move);
}

void Engine::State::end_job(std::uint64_t id, JobRow& row, JobState state) {
  row.state = state;
  row.ended_ms = turn.now.wall.time_since_epoch().count();
  row.sequences.clear();
  turn.tx->put(Table::state, key::job(id), encode(row));
  running_jobs.erase(id);
  // The newest stays whatever it is: its number must not be given again.
  for (auto old = jobs.begin(); jobs.size() - running_jobs.size() > limits::jobs_kept && old->first < id;) {
    if (old->second.state == JobState::running) {
      ++old;
      continue;
    }
    turn.tx->erase(Table::state, key::job(old->first));
    old = jobs.erase(old);
  }
}

}  // namespace ackwire::engine
