// Damage found while the broker runs. A message whose bytes cannot be trusted becomes a dead letter with the reason `damaged` and
// the bytes as they were found; the rest of its queue, and every other queue, goes on. Nothing is deleted because it cannot be
// read. The move is part of the turn's transaction, like every other.
#include <algorithm>

#include "engine/repair/recount.hpp"
#include "engine/repair/salvage.hpp"
#include "engine/rows/body.hpp"
#include "engine/state.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {
namespace {

constexpr std::size_t notes_most = 100;  // lines a turn; the rest is only counted

constexpr std::string_view record_is_whole =
    "its row failed its checksum, but the message in it is whole: redrive it, or discard it";
constexpr std::string_view row_as_found = "its row failed its checksum: the bytes are kept as they were found";
constexpr std::string_view length_was_mended =
    "the length of its record was damaged; its checksum proves that the rest is whole: redrive it, or discard it";
constexpr std::string_view unknown_if_settled =
    "whether it was settled is not known: the row that says so was damaged. It is whole: redrive it, or discard it";
constexpr std::string_view record_as_found = "the stored record fails its checksum";

std::string place(const Queue& queue, const Group& group, std::uint64_t sequence) {
  return "message " + std::to_string(sequence) + " of queue " + queue.row.name + ", group " + group.row.name;
}

}  // namespace

void Engine::State::note_damage(Queue& queue, std::string what) {
  ++queue.damaged;
  touch(queue);
  if (turn.damage_found.size() < notes_most) turn.damage_found.push_back("damage in the store: " + std::move(what));
}

// -- retry rows --------------------------------------------------------------------------------------------------------------

/// The time under which the due index has the message. A damaged row cannot tell, so the index is searched.
std::optional<std::uint64_t> Engine::State::find_due(const Queue& queue, const Group& group, std::uint64_t sequence) {
  if (turn.tx->get(Table::due, key::due(queue.id, group.id, leased_due, sequence))) return leased_due;
  store::Row row;
  for (store::Scan scan(*turn.tx, Table::due, key::of(queue.id, group.id)); scan.next(row) && row.key.size() == 24;) {
    if (be64(row.key, 16) == sequence) return be64(row.key, 8);
  }
  return std::nullopt;
}

void Engine::State::erase_due(const Queue& queue, Group& group, std::uint64_t due_ms, std::uint64_t sequence) {
  turn.tx->erase(Table::due, key::due(queue.id, group.id, due_ms, sequence));
  if (due_ms != leased_due && Due{due_ms, sequence} <= group.matured && group.ready_retry > 0) --group.ready_retry;
}

bool Engine::State::read_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row) {
  if (!read_retry_state(queue, group, sequence, row)) return false;
  read_body(*turn.tx, key::at(queue.id, group.id, sequence), row);
  return true;
}

bool Engine::State::read_retry_state(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row) {
  const Key at = key::at(queue.id, group.id, sequence);
  const auto bytes = turn.tx->get(Table::retry, at);
  const Decoded read = bytes ? decode(*bytes, row) : Decoded::damaged;
  if (read) return true;
  if (!turn.tx->status().ok()) return false;  // nothing can be read any more, which is no damage
  if (read.is_newer()) {
    turn.refuse_newer("the retry row of " + place(queue, group, sequence));
    return false;
  }
  const bool found = bytes.has_value();
  Salvaged salvaged;
  if (found) salvaged = salvage(*turn.tx, at, *bytes, static_cast<std::int64_t>(epoch_ms(turn.now.wall)));
  row = std::move(salvaged.row);
  if (const auto due = find_due(queue, group, sequence)) erase_due(queue, group, *due, sequence);
  if (const auto lease = group.retry_leases.find(sequence); lease != group.retry_leases.end()) {
    const RetryLease held = lease->second;
    group.retry_leases.erase(lease);
    drop_lease(group, sequence, held.holder, held.begun);
  }
  group.dirty = true;
  if (!found) {
    note_damage(queue, place(queue, group, sequence) + " is in the due index and has no row; its place there was erased");
    return false;
  }
  turn.tx->erase(Table::retry, key::at(queue.id, group.id, sequence));
  if (group.row.retry > 0) --group.row.retry;
  put_dead(queue, group, sequence, row, rules::State::delayed, rules::Input::damage,
           salvaged.whole ? record_is_whole : row_as_found);
  note_damage(queue, "the retry row of " + place(queue, group, sequence) + " fails its checksum; it is a dead letter now");
  return false;
}

/// A message that its consumer has processed needs no bytes any more: takes it back from the dead letters of this turn.
bool Engine::State::unbury(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row) {
  if (row.reason != static_cast<std::uint8_t>(DeadReason::damaged)) return false;
  if (!turn.tx->erase(Table::dead, key::at(queue.id, group.id, sequence))) return false;
  --group.row.dead;
  --group.row.dead_lettered;
  --queue.sample.dead_lettered;
  group.row.dead_bytes -= std::min<std::uint64_t>(group.row.dead_bytes, row.record_bytes());
  return true;
}

// -- dead letters ------------------------------------------------------------------------------------------------------------

// A dead letter whose record lies in `bodies`, and is damaged there.
void Engine::State::mark_damaged(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row) {
  if (row.body_bytes == 0 || row.reason == static_cast<std::uint8_t>(DeadReason::damaged) || is_whole(row)) return;
  const Key at = key::at(queue.id, group.id, sequence);
  const bool mended = mend_length(row.record);
  if (mended) turn.tx->put(Table::bodies, at, row.record);
  row.reason = static_cast<std::uint8_t>(DeadReason::damaged);
  row.detail = mended ? length_was_mended : record_as_found;
  turn.tx->put(Table::dead, at, encode(row));
  note_damage(queue,
              "the record of the dead letter of " + place(queue, group, sequence) + " fails its checksum; it is kept as it is");
}

// A damaged dead letter stays where it is, with what can be read of it.
void Engine::State::read_dead(Queue& queue, Group& group, std::uint64_t sequence, std::string_view value, TakenOut& row) {
  const Key at = key::at(queue.id, group.id, sequence);
  const Decoded read = read_taken_out(*turn.tx, at, value, row);
  if (read) return mark_damaged(queue, group, sequence, row);
  if (read.is_newer()) return turn.refuse_newer("the dead letter of " + place(queue, group, sequence));
  Salvaged salvaged = salvage(*turn.tx, at, value, static_cast<std::int64_t>(epoch_ms(turn.now.wall)));
  row = std::move(salvaged.row);
  row.reason = static_cast<std::uint8_t>(DeadReason::damaged);
  row.detail = salvaged.whole ? record_is_whole : row_as_found;
  row.time_ms = epoch_ms(turn.now.wall);
  put_body(queue, group, sequence, row);
  turn.tx->put(Table::dead, at, encode(row));
  note_damage(queue, "the dead letter of " + place(queue, group, sequence) + " fails its checksum; what can be read of it is kept");
}

bool is_whole(const TakenOut& row) {
  format::Record record;
  std::string_view rest = row.record;
  return format::split(rest, record) && rest.empty() && format::checksum_ok(record);
}

/// A message that is out of its block and whose record is damaged.
void Engine::State::bury_damaged(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, rules::State from) {
  const bool mended = mend_length(row.record);
  if (mended && row.body_bytes != 0) turn.tx->put(Table::bodies, key::at(queue.id, group.id, sequence), row.record);
  put_dead(queue, group, sequence, row, from, rules::Input::damage, mended ? length_was_mended : record_as_found);
  note_damage(queue, "the record of " + place(queue, group, sequence) + " fails its checksum; it is a dead letter now");
}

// -- blocks and the rows of queues -------------------------------------------------------------------------------------------

/// Gives a block whose header fails its checksum one that holds.
void Engine::State::mend_block(Queue& queue, std::uint64_t base, std::string_view value) {
  std::string block(value);
  std::string what = "the header of block " + std::to_string(base) + " of queue " + queue.row.name + " fails its checksum; ";
  if (mend_run_header(block, base)) {
    what += "one bit was wrong and was put right";
  } else {
    std::uint64_t most = queue.state.next_sequence > base ? queue.state.next_sequence - base : 1;
    store::Row next;
    if (turn.tx->seek(Table::blocks, key::block(queue.id, base + 1), next) && next.key.size() == 12 &&
        be32(next.key, 0) == queue.id)
      most = std::min(most, be64(next.key, 4) - base);
    for (const auto& [id, group] : queue.groups) {
      if (const auto it = group.window.find(base); it != group.window.end()) most = it->second.count();
    }
    static constexpr char digits[] = "0123456789abcdef";
    std::string lost;
    for (const char c : block.substr(0, format::run_header_bytes))
      lost += {digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
    replace_run_header(block, base, epoch_ms(turn.now.wall), most);
    what += "it has a new one, which counts what can be found; the old one was " + lost;
  }
  turn.tx->put(Table::blocks, key::block(queue.id, base), block);
  queue.state.kept_counted = false;  // it may hold another number now
  queue.dirty = true;
  note_damage(queue, std::move(what));
}

// -- marks -------------------------------------------------------------------------------------------------------------------

namespace {

/// A bitmap of `count` records, or two of them, with no bit behind their end.
bool fits(std::string_view bits, std::uint32_t count) {
  const std::size_t bytes = (count + 7) / 8;
  if (bits.size() != bytes && bits.size() != 2 * bytes) return false;
  const auto spare = static_cast<unsigned char>(count % 8 == 0 ? 0 : 0xff << (count % 8));
  return (static_cast<unsigned char>(bits[bytes - 1]) & spare) == 0 && (static_cast<unsigned char>(bits.back()) & spare) == 0;
}

}  // namespace

bool Engine::State::mend_marks(Queue& queue, Group& group, const WindowBlock& block, std::string_view value) {
  const auto mended = mend_sealed(value);
  if (!mended || !fits(*unseal(*mended), block.count())) return false;
  turn.tx->put(Table::marks, key::at(queue.id, group.id, block.base), *mended);
  note_damage(queue, "the marks of block " + std::to_string(block.base) + " of queue " + queue.row.name + ", group " +
                         group.row.name + " fail their checksum; one bit was wrong and was put right");
  return true;
}

// Which of the block's messages are settled is lost. None may be handed out again, because some were acked; none may be forgotten,
// because some were not. So all that were ever handed out become dead letters, for a person to decide.
void Engine::State::bury_unmarked(Queue& queue, Group& group, WindowBlock& block) {
  format::Run run;
  bool fresh = false;
  if (!read_block(queue, block.base, run, fresh) || run.first_sequence != block.base) return;
  const std::string records(run.records);
  const auto publish_ms = static_cast<std::int64_t>(run.publish_time);
  std::string bits((block.count() + 7) / 8, '\0');
  std::size_t begin = 0;
  std::uint64_t buried = 0;
  for (std::uint32_t i = 0; i < block.count() && block.base + i < group.row.cursor; ++i) {
    const std::uint64_t sequence = block.base + i;
    const std::string_view record = std::string_view(records).substr(std::min(begin, records.size()), block.slots[i].bytes);
    begin += record.size();
    bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
    const Key at = key::at(queue.id, group.id, sequence);
    if (sequence < group.row.floor || turn.tx->get(Table::retry, at) || turn.tx->get(Table::dead, at)) continue;
    TakenOut row;
    row.deliveries = 1;
    row.publish_ms = publish_ms;
    row.record = record;
    put_dead(queue, group, sequence, row, rules::State::leased, rules::Input::damage, unknown_if_settled);
    ++buried;
  }
  turn.tx->put(Table::marks, key::at(queue.id, group.id, block.base), seal(bits));
  group.recount = true;
  note_damage(queue, "the marks of block " + std::to_string(block.base) + " of queue " + queue.row.name + ", group " +
                         group.row.name + " are lost: " + std::to_string(buried) +
                         " messages, some of which were settled, are dead letters now");
}

void Engine::State::recount_damaged(Queue& queue) {
  for (auto& [id, group] : queue.groups) {
    if (!group.recount) continue;
    group.recount = false;
    group.dirty = true;
    reconcile(group.row, count_present(*turn.tx, queue.id, id, group.row.floor));
  }
}

// Deliveries need no keys. Publishes with one are refused by name until the store is repaired: unread is not unknown.
void Engine::State::lose_keys(Queue& queue, const std::string& why) {
  queue.dedupe = std::make_unique<dedupe::Dedupe>(queue.id);
  queue.keys_damaged = why;
  note_damage(
      queue, "the idempotency keys of queue " + queue.row.name + " cannot be read; publishes with a key are refused (" + why + ")");
}

// -- rows of `state` ---------------------------------------------------------------------------------------------------------

std::optional<std::string> Engine::State::mend_state(std::string_view at, std::string_view value, Queue* queue,
                                                     const std::string& what) {
  auto mended = mend_sealed(value);
  if (!mended) return mended;
  turn.tx->put(Table::state, at, *mended);
  const std::string text = what + " fails its checksum; one bit was wrong and was put right";
  if (queue) {
    note_damage(*queue, text);
  } else {
    turn.damage_found.push_back("damage in the store: " + text);
  }
  return mended;
}

}  // namespace ackwire::engine
