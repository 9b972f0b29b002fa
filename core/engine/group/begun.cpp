// What was begun: an attempt is charged to a message whose processing was begun, never to one that waited in a buffer. The client
// says what it has handed to its application; where it dies before it could say so, the oldest messages that it held are presumed
// begun, as many as it said it works on at once. The charge is durable before anything that follows from it.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr Duration recall_after{100};    // what a consumer has not begun by then may be given to one that waits
constexpr Duration recall_pause{1'000};  // between recalls from one consumer

/// A message that is held and not known to be begun.
struct Held {
  Duration since{0};
  bool in_block = false;  // of one turn, those with a row of their own were handed out first
  std::uint64_t sequence = 0;
  friend auto operator<=>(const Held&, const Held&) = default;
};

}  // namespace

void Engine::State::begin_slot(Group& group, WindowBlock& block, std::uint32_t slot, Subscription* holder) {
  if (block.slots[slot].begun) return;
  block.slots[slot].begun = 1;
  ++block.begun;
  if (holder) ++holder->begun;
  touch(group, block);
}

void Engine::State::begin_retry(const Queue& queue, const Group& group, std::uint64_t sequence, RetryLease& lease,
                                Subscription* holder) {
  if (lease.begun) return;
  lease.begun = true;
  if (holder) ++holder->begun;
  turn.tx->put(Table::due, key::due(queue.id, group.id, leased_due, sequence), due_begun);
}

void Engine::State::begun(SessionId session, const model::Begun& begun) {
  heard(session);
  Subscription* subscription = consumers.find(session, begun.subscription);
  if (!subscription || begun.boot_epoch != boot.boot_epoch) return;
  Queue& queue = queue_of(*subscription);
  Group& group = queue.groups.at(subscription->group);
  for (const model::SettleRange& range : begun.ranges) {
    if (range.delivery == 1) begin_in_blocks(group, range, *subscription);
    begin_in_retry(queue, group, range, *subscription);
  }
}

// Costs no more than what the group has in work, however long the range is.
void Engine::State::begin_in_blocks(Group& group, const model::SettleRange& range, Subscription& holder) {
  const std::uint64_t end = range.first_sequence + range.count;
  auto it = group.window.upper_bound(range.first_sequence);
  if (it != group.window.begin()) --it;
  for (; it != group.window.end() && it->first < end; ++it) {
    WindowBlock& block = it->second;
    for (std::uint64_t sequence = std::max(range.first_sequence, block.base); sequence < std::min(end, block.end()); ++sequence) {
      const auto slot = static_cast<std::uint32_t>(sequence - block.base);
      if (block.slots[slot].holder == holder.index) begin_slot(group, block, slot, &holder);
    }
  }
}

void Engine::State::begin_in_retry(const Queue& queue, Group& group, const model::SettleRange& range, Subscription& holder) {
  const auto begin = [&](std::uint64_t sequence, RetryLease& lease) {
    if (lease.holder == holder.index && lease.delivery == range.delivery) begin_retry(queue, group, sequence, lease, &holder);
  };
  const std::uint64_t end = range.first_sequence + range.count;
  if (range.count > group.retry_leases.size()) {
    for (auto& [sequence, lease] : group.retry_leases) {
      if (sequence >= range.first_sequence && sequence < end) begin(sequence, lease);
    }
    return;
  }
  for (std::uint64_t sequence = range.first_sequence; sequence < end; ++sequence) {
    if (const auto lease = group.retry_leases.find(sequence); lease != group.retry_leases.end()) begin(sequence, lease->second);
  }
}

// The consumer died, or is as silent as if it had.
void Engine::State::presume_begun(Subscription& subscription) {
  Queue& queue = queue_of(subscription);
  Group& group = queue.groups.at(subscription.group);
  const std::uint32_t most = subscription.concurrency == 0 ? subscription.in_flight : subscription.concurrency;
  if (subscription.begun >= most || subscription.begun == subscription.in_flight) return;
  std::vector<Held> held;
  for (const auto& [base, block] : group.window) {
    for (const Lease& lease : block.leases) {
      if (lease.holder != subscription.index) continue;
      for (std::uint32_t i = lease.first; i < lease.first + lease.count; ++i) {
        const Slot& slot = block.slots[i];
        if (slot.holder == subscription.index && !slot.begun) held.push_back({lease.started, true, base + i});
      }
    }
  }
  for (const auto& [sequence, lease] : group.retry_leases) {
    if (lease.holder == subscription.index && !lease.begun) held.push_back({lease.started, false, sequence});
  }
  const std::size_t count = std::min<std::size_t>(most - subscription.begun, held.size());
  std::partial_sort(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(count), held.end());
  for (std::size_t i = 0; i < count; ++i) {
    if (held[i].in_block) {
      WindowBlock* block = group.block_of(held[i].sequence);
      begin_slot(group, *block, static_cast<std::uint32_t>(held[i].sequence - block->base), &subscription);
    } else {
      begin_retry(queue, group, held[i].sequence, group.retry_leases.at(held[i].sequence), &subscription);
    }
  }
}

// Called once, when the store is read. What the group's consumers had not said to have begun and may have begun all the same.
void Engine::State::presume_after_crash(Queue& queue, Group& group) {
  const auto row = turn.tx->get(Table::state, key::concurrency(queue.id, group.id));
  const auto stored = row ? decode_number(*row) : std::nullopt;
  if (row && !stored) note_damage(queue, "the concurrency of group " + group.row.name + " of queue " + queue.row.name + " is lost");
  // Everything, in a store of a version that charged at the hand-over, or when it is not known.
  std::uint64_t left = stored.value_or(~std::uint64_t{0});
  if (left == 0 || (!row && group.recovered_blocks.empty())) return;
  for (const auto& [sequence, begun] : group.recovered_retry) left -= begun && left > 0 ? 1 : 0;
  for (const std::uint64_t base : group.recovered_blocks) left -= std::min<std::uint64_t>(left, group.window.at(base).begun);
  for (auto& [sequence, begun] : group.recovered_retry) {
    if (begun || left == 0 || !row) continue;
    begun = true;
    --left;
    turn.tx->put(Table::due, key::due(queue.id, group.id, leased_due, sequence), due_begun);
  }
  for (const std::uint64_t base : group.recovered_blocks) {
    WindowBlock& block = group.window.at(base);
    for (std::uint32_t i = 0; i < block.count() && left > 0 && block.base + i < group.row.cursor; ++i) {
      if (block.slots[i].holder != Slot::waiting || block.slots[i].begun) continue;
      begin_slot(group, block, i, nullptr);
      --left;
    }
  }
  for (const std::uint64_t base : group.touched) group.window.at(base).touched = false;
  write_marks(queue, group);
  turn.tx->put(Table::state, key::concurrency(queue.id, group.id), encode_number(0));
}

// Its session is given nothing more before it says something. What it had not said to have begun is presumed begun only where it
// has been silent for as long as a lease: else its own words would have told.
void Engine::State::lease_ran_out(Queue& queue, Group& group, std::uint32_t holder) {
  ++group.row.lease_expired;
  ++queue.sample.lease_expired;
  group.dirty = true;
  Subscription* found = consumers.holder(holder);
  if (!found) return;
  Subscription& subscription = *found;
  const bool undeclared = subscription.concurrency == 0;
  if (subscription.listener->silent && !undeclared) return;
  subscription.listener->silent = true;
  if (undeclared || subscription.listener->heard + queue.row.policy.visibility_timeout <= turn.now.mono)
    presume_begun(subscription);
}

void Engine::State::heard(SessionId session) {
  const auto it = consumers.listeners.find(session);
  if (it == consumers.listeners.end()) return;
  it->second->heard = turn.now.mono;
  if (std::exchange(it->second->silent, false)) touch_queues_of(session);
}

// Nothing is ready and somebody waits: whoever holds most of what it has not begun is asked to give half of that back.
void Engine::State::recall(Group& group) {
  if (group.consumers.size() < 2) return;
  const bool anybody_waits = std::any_of(group.consumers.begin(), group.consumers.end(),
                                         [](const Subscription* s) { return s->concurrency > 0 && s->idle(); });
  if (!anybody_waits) return;
  Subscription* richest = nullptr;
  for (Subscription* s : group.consumers) {
    const bool holds = s->concurrency > 0 && !s->listener->silent && s->in_flight > std::max(s->begun, s->concurrency);
    if (holds && (!richest || s->in_flight - s->begun > richest->in_flight - richest->begun)) richest = s;
  }
  if (!richest) return;
  const Duration due = std::max(richest->handed_out + recall_after, richest->recalled);
  if (turn.now.mono < due) {
    group.next_recall = due;
    return;
  }
  richest->recalled = turn.now.mono + recall_pause;
  group.next_recall = richest->recalled;
  const std::uint32_t waiting = richest->in_flight - std::max(richest->begun, richest->concurrency);
  turn.effect(richest->session, model::Recall{richest->id, (waiting + 1) / 2});
}

}  // namespace ackwire::engine
