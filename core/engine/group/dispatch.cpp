// Dispatch: ready messages to consumers with credit. The cursor moves, and rows of redeliveries are written, in the transaction
// that commits before the delivery leaves: a hand-over is always counted durably first.
#include <algorithm>

#include "engine/planted.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr std::size_t idle_tries = 64;  // consumers that are looked at before one that is busy gets a message

}  // namespace

// In turn; but who has nothing to do comes before who would only keep it.
Subscription* Engine::State::next_consumer(Group& group) {
  const std::size_t count = group.consumers.size();
  std::size_t chosen = count;
  for (std::size_t tried = 0; tried < count; ++tried) {
    const Subscription& subscription = *group.consumers[(group.next_consumer + tried) % count];
    if (subscription.free() == 0) continue;
    if (chosen == count) chosen = tried;
    if (!subscription.idle() && tried < idle_tries) continue;
    if (subscription.idle()) chosen = tried;
    break;
  }
  if (chosen == count) return nullptr;
  const std::size_t at = (group.next_consumer + chosen) % count;
  group.next_consumer = at + 1;
  return group.consumers[at];
}

void Engine::State::deliver(Subscription& subscription, const format::Run& run) {
  model::Deliver* delivery = nullptr;
  if (subscription.effect != Subscription::npos) {
    auto& open = std::get<model::Deliver>(turn.effects[subscription.effect].what);
    if (open.runs.size() + run.records.size() <= options.deliver_bytes) delivery = &open;
  }
  if (!delivery) {
    if (subscription.effect == Subscription::npos) consumers.delivering.push_back(subscription.index);
    subscription.effect = turn.effects.size();
    turn.effect(subscription.session, model::Deliver{subscription.id, {}});
    delivery = &std::get<model::Deliver>(turn.effects.back().what);
    delivery->runs.reserve(std::min<std::size_t>(options.deliver_bytes, 2 * run.records.size() + format::run_header_bytes));
  }
  format::append_run(delivery->runs, run);
}

void Engine::State::dispatch(Queue& queue, Group& group) {
  group.next_recall = Duration::max();
  if (group.consumers.empty() || queue.holds_back(group)) return;
  if (group.ready_retry > 0) dispatch_retry(queue, group);
  if (group.row.cursor < queue.state.next_sequence) dispatch_blocks(queue, group);
  if (group.ready_retry == 0 && group.row.cursor >= queue.state.next_sequence) recall(group);
}

void Engine::State::count_hand_out(Queue& queue, Group& group, Subscription& subscription, std::uint32_t messages) {
  transition(queue, group, rules::State::ready, rules::Input::dispatch, messages);
  if (!planted(Planted::lease_not_counted)) group.leased += messages;
  subscription.in_flight += messages;
  subscription.handed_out = turn.now.mono;
}

// Returned and delayed messages come first: they are the oldest.
void Engine::State::dispatch_retry(Queue& queue, Group& group) {
  std::size_t bytes = 0;
  while (group.ready_retry > 0 && group.leased < queue.row.policy.max_in_flight) {
    if (turn.budget == 0 || bytes > options.turn_deliver_bytes) {
      turn.more = true;
      return;
    }
    Subscription* subscription = next_consumer(group);
    if (!subscription) return;
    store::Row found;
    if (!turn.tx->seek(Table::due, key::due(queue.id, group.id, 0, 0), found) || found.key.size() != 24 ||
        be32(found.key, 0) != queue.id || be32(found.key, 4) != group.id ||
        Due{be64(found.key, 8), be64(found.key, 16)} > group.matured) {
      group.ready_retry = 0;
      return note_damage(queue, "the due index of queue " + queue.row.name + ", group " + group.row.name + " lacks rows");
    }
    const std::uint64_t sequence = be64(found.key, 16), due_ms = be64(found.key, 8);
    TakenOut row;
    --turn.budget;
    if (!read_retry(queue, group, sequence, row)) continue;
    if (row.time_ms != due_ms) {
      erase_due(queue, group, due_ms, sequence);
      note_damage(queue, "the due index of queue " + queue.row.name + " has message " + std::to_string(sequence) + " twice");
      continue;
    }
    format::Record record;
    std::string_view rest = row.record;
    if (!format::split(rest, record) || !format::checksum_ok(record)) {
      erase_retry(queue, group, sequence, row);
      bury_damaged(queue, group, sequence, row, rules::State::ready);
      continue;
    }
    if (row_expired(queue, row, record)) {
      erase_retry(queue, group, sequence, row);
      expire_message(queue, group, sequence, row, rules::State::ready);
      continue;
    }
    erase_retry(queue, group, sequence, row);
    ++row.deliveries;
    put_retry(queue, group, sequence, row, leased_due);
    const Duration deadline = turn.now.mono + queue.row.policy.visibility_timeout;
    group.retry_leases[sequence] = {subscription->index, row.deliveries, turn.now.mono, deadline};
    group.next_lease_check = std::min(group.next_lease_check, deadline);
    count_hand_out(queue, group, *subscription, 1);
    if (row.attempts > 0) {
      ++group.row.redelivered;
      ++queue.sample.redelivered;
    }
    deliver(*subscription, {sequence, static_cast<std::uint64_t>(row.publish_ms), 1, row.deliveries, row.attempts + 1, row.record});
    bytes += row.record.size();
  }
}

void Engine::State::dispatch_blocks(Queue& queue, Group& group) {
  const std::uint64_t taken = group.leased + group.row.retry - group.retry_leases.size();
  const std::uint64_t ready = group.outstanding() > taken ? group.outstanding() - taken : 0;
  const auto active = static_cast<std::uint64_t>(
      std::count_if(group.consumers.begin(), group.consumers.end(), [](const Subscription* s) { return s->free() > 0; }));
  if (active == 0) return;
  const std::uint64_t share = std::max<std::uint64_t>((ready + active - 1) / active, 1);  // what is there decides, not a counter
  std::size_t bytes = 0;
  while (group.leased < queue.row.policy.max_in_flight) {
    if (turn.budget == 0 || bytes > options.turn_deliver_bytes) {
      turn.more = true;
      return;
    }
    Subscription* subscription = next_consumer(group);
    if (!subscription) return;
    format::Run run;
    bool fresh = false;
    if (!read_block(queue, group.row.cursor, run, fresh)) return;
    const bool opened = group.window.contains(run.first_sequence);
    const bool returns = opened ? room.for_return(0, 0) : room.for_return(run.count, run.records.size());
    if (!returns && (group.leased > 0 || group.ready_retry > 0 || !group.returning.empty())) {  // until they are settled
      queue.waits_for_room = true;
      return;
    }
    const std::uint64_t limit =
        returns ? std::min({std::uint64_t{subscription->free()}, share, queue.row.policy.max_in_flight - group.leased}) : 1;
    const std::uint64_t before = group.row.cursor;
    bytes += hand_out(queue, group, *subscription, run, fresh, static_cast<std::uint32_t>(limit));
    if (group.row.cursor == before) return;
  }
}

// Gives up to `limit` records from the cursor on, and moves the cursor. Records that are expired or damaged are taken out on the
// way. Returns the bytes given.
std::uint32_t Engine::State::hand_out(Queue& queue, Group& group, Subscription& subscription, const format::Run& run, bool fresh,
                                      std::uint32_t limit) {
  WindowBlock& block = open_window(group, run);
  group.row.cursor = std::max(group.row.cursor, run.first_sequence);
  group.dirty = true;
  const auto first = static_cast<std::uint32_t>(group.row.cursor - run.first_sequence);
  std::size_t begin = 0;
  for (std::uint32_t i = 0; i < first; ++i) begin += block.slots[i].bytes;
  std::string_view rest = run.records.substr(std::min(begin, run.records.size()));
  std::uint32_t count = 0;
  std::size_t bytes = 0;
  enum class Bad : std::uint8_t { no, expired, damaged } bad = Bad::no;
  const bool look = !fresh || queue.row.policy.ttl.count() != 0;
  while (first + count < block.count() && count < limit && bytes < options.deliver_bytes) {
    format::Record record;
    std::string_view one = rest.substr(0, block.slots[first + count].bytes);
    const bool splits = format::split(one, record) && one.empty();
    if (!splits || (!fresh && !format::checksum_ok(record))) bad = Bad::damaged;
    if (bad == Bad::no && (look || record.expires_at != 0) && expired(queue, record, run.publish_time)) bad = Bad::expired;
    if (bad != Bad::no) break;
    block.slots[first + count].holder = subscription.index;
    rest.remove_prefix(record.bytes.size());
    bytes += record.bytes.size();
    ++count;
  }
  if (count > 0) {
    const Duration deadline = turn.now.mono + queue.row.policy.visibility_timeout;
    block.leases.push_back({first, count, subscription.index, turn.now.mono, deadline});
    group.next_lease_check = std::min(group.next_lease_check, deadline);
    deliver(subscription, {group.row.cursor, run.publish_time, count, 1, 1, run.records.substr(begin, bytes)});
    group.row.cursor += count;
    count_hand_out(queue, group, subscription, count);
  }
  const bool stays = bad == Bad::expired && !room.to_expire(queue.row.policy, block.slots[first + count].bytes);
  if (stays) queue.waits_for_room = true;
  if (bad != Bad::no && !stays) {
    --turn.budget;
    const std::uint64_t sequence = group.row.cursor++;
    TakenOut row;
    if (take_out(queue, group, block, first + count, row)) {
      row.deliveries = row.attempts = 0;
      if (bad == Bad::expired) {
        expire_message(queue, group, sequence, row, rules::State::ready);
      } else {
        bury_damaged(queue, group, sequence, row, rules::State::ready);
      }
    }
  }
  return static_cast<std::uint32_t>(bytes);
}

}  // namespace ackwire::engine
