// Messages that leave their block: delayed, failed, returned and dead ones have a row of their own, so that one message that waits
// never keeps a block. A large record goes into a row apart (rows/body.hpp): what changes with each attempt is small.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/repair/salvage.hpp"
#include "engine/rows/body.hpp"
#include "engine/state.hpp"
#include "rules/policy.hpp"

namespace ackwire::engine {
// The record of a message in its block. When it is damaged, `record` has its bytes alone.
bool Engine::State::find_record(Queue& queue, std::uint64_t sequence, format::Record& record, std::int64_t& publish_ms) {
  format::Run run;
  bool fresh = false;
  if (!read_block(queue, sequence, run, fresh) || sequence < run.first_sequence) return false;
  const std::string_view bytes = record_at(run.records, run.count, static_cast<std::uint32_t>(sequence - run.first_sequence));
  std::string_view rest = bytes;
  if (!format::split(rest, record) || !rest.empty() || !format::checksum_ok(record)) {
    record = {};
    record.bytes = bytes;
  }
  publish_ms = static_cast<std::int64_t>(run.publish_time);
  return true;
}

bool Engine::State::take_out(Queue& queue, Group& group, WindowBlock& block, std::uint32_t slot, TakenOut& out) {
  format::Run run;
  bool fresh = false;
  if (!read_block(queue, block.base, run, fresh) || run.first_sequence != block.base) {
    turn.damage("block " + std::to_string(block.base) + " of queue " + queue.row.name + " is gone while in use");
    return false;
  }
  std::size_t begin = 0;
  for (std::uint32_t i = 0; i < slot; ++i) begin += block.slots[i].bytes;
  out = TakenOut{};
  out.deliveries = 1;
  out.attempts = block.slots[slot].begun;
  out.publish_ms = static_cast<std::int64_t>(run.publish_time);
  out.record.assign(run.records.substr(std::min(begin, run.records.size()), block.slots[slot].bytes));
  settle_slot(group, block, slot);
  return true;
}

void Engine::State::put_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, std::uint64_t due_ms) {
  row.time_ms = due_ms;
  row.reason = 0;
  put_body(queue, group, sequence, row);
  room.spend(row);
  turn.tx->put(Table::retry, key::at(queue.id, group.id, sequence), encode(row));
  turn.tx->put(Table::due, key::due(queue.id, group.id, due_ms, sequence), due_waiting);
  ++group.row.retry;
  group.dirty = true;
  if (due_ms == leased_due) return;
  if (Due{due_ms, sequence} <= group.matured) {
    ++group.ready_retry;
  } else {
    group.next_due_ms = std::min(group.next_due_ms, due_ms);
  }
}

void Engine::State::erase_retry(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row) {
  turn.tx->erase(Table::retry, key::at(queue.id, group.id, sequence));
  turn.tx->erase(Table::due, key::due(queue.id, group.id, row.time_ms, sequence));
  --group.row.retry;
  group.dirty = true;
  if (row.time_ms != leased_due && Due{row.time_ms, sequence} <= group.matured) --group.ready_retry;
}

void Engine::State::put_body(const Queue& queue, const Group& group, std::uint64_t sequence, TakenOut& row) {
  if (!wants_body(row)) return;
  room.spend_body(row.record_bytes());
  turn.tx->put(Table::bodies, key::at(queue.id, group.id, sequence), row.record);
  row.body_bytes = row.record.size();
}

void Engine::State::drop_body(const Queue& queue, const Group& group, std::uint64_t sequence, const TakenOut& row) {
  if (row.body_bytes != 0) turn.tx->erase(Table::bodies, key::at(queue.id, group.id, sequence));
}

void Engine::State::replace_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, std::uint64_t due_ms) {
  erase_retry(queue, group, sequence, row);
  put_retry(queue, group, sequence, row, due_ms);
}

void Engine::State::note_error(TakenOut& row, std::string_view text) {
  if (row.errors.size() >= limits::errors_kept) row.errors.erase(row.errors.begin());
  row.errors.push_back({{}, {turn.now.wall, row.deliveries, rules::cut_text(text)}});
}

namespace {

DeadReason reason_of(rules::Input input) {
  switch (input) {
    case rules::Input::reject: return DeadReason::rejected;
    case rules::Input::ttl_dead_letter: return DeadReason::expired;
    case rules::Input::damage: return DeadReason::damaged;
    default: return DeadReason::max_attempts;
  }
}

}  // namespace

void Engine::State::put_dead(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, rules::State from,
                             rules::Input input, std::string_view detail) {
  const DeadReason reason = reason_of(input);
  row.reason = static_cast<std::uint8_t>(reason);
  row.detail = rules::cut_text(detail);
  row.time_ms = epoch_ms(turn.now.wall);
  put_body(queue, group, sequence, row);
  room.spend(row);
  turn.tx->put(Table::dead, key::at(queue.id, group.id, sequence), encode(row));
  transition(queue, group, from, input, 1, row.record_bytes());
  turn.note(
      {model::NoteKind::dead_lettered, {}, queue.row.name, group.row.name, std::string(name(reason)), row.detail, 1, sequence});
}

void Engine::State::expire_message(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, rules::State from) {
  if (queue.row.policy.on_expiry == OnExpiry::dead_letter) {
    put_dead(queue, group, sequence, row, from, rules::Input::ttl_dead_letter, "its time to live passed before it was processed");
    return;
  }
  transition(queue, group, from, rules::Input::ttl_discard, 1, row.record_bytes());
  remember_key(queue, sequence, row.record);
  drop_body(queue, group, sequence, row);
}

// A key must outlive its message by the whole window. Messages that took the long way are remembered anew when they end.
void Engine::State::remember_key(Queue& queue, std::uint64_t sequence, std::string_view bytes) {
  format::Record record;
  if (queue.row.policy.dedupe_window.count() == 0 || !queue.keys_damaged.empty() || !format::split(bytes, record) ||
      record.key.empty())
    return;
  if (!format::checksum_ok(record)) return;  // another key than it was published with
  queue.dedupe->add({dedupe::hash_key(store.secret(), record.key), sequence, dedupe::fingerprint(record)});
  queue.dedupe_changed = true;
}

// Somebody brought it back from the dead letters to have it processed: it has no time to live any more.
bool Engine::State::row_expired(const Queue& queue, const TakenOut& row, const format::Record& record) const {
  return row.redrives == 0 && expired(queue, record, static_cast<std::uint64_t>(row.publish_ms));
}

bool Engine::State::expired(const Queue& queue, const format::Record& record, std::uint64_t publish_ms) const {
  const std::uint64_t wall = epoch_ms(turn.now.wall);
  if (record.expires_at != 0 && record.expires_at <= wall) return true;
  const auto ttl = static_cast<std::uint64_t>(queue.row.policy.ttl.count());
  return record.expires_at == 0 && ttl != 0 && publish_ms + ttl <= wall;
}

}  // namespace ackwire::engine
