// What time and absence do: leases end, consumers that went are cleared, delayed messages become due, old ones expire. Each turn
// does a bounded part (State::budget); the rest follows in the next turn, at once.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/state.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {
namespace {

constexpr Duration lease_check_pause{100};  // redelivery within one second of the deadline is promised; this is the grain
constexpr Duration head_check_pause{100};

}  // namespace

void Engine::State::sweep(Queue& queue, Group& group) {
  while (!group.recovered_blocks.empty() && turn.budget > 0) {
    const auto it = group.window.find(group.recovered_blocks.front());
    std::uint32_t i = 0;
    if (it != group.window.end()) {
      WindowBlock& block = it->second;
      for (; i < block.count() && block.base + i < group.recovered_until && turn.budget > 0; ++i) {
        if (block.slots[i].holder != Slot::waiting) continue;
        --turn.budget;
        end_lease_of_slot(queue, group, block, i, Return::lease_end, "the broker was restarted while it was handed out");
      }
      if (turn.budget == 0) break;
    }
    group.recovered_blocks.pop_front();
  }
  while (!group.recovered_retry.empty() && turn.budget > 0) {
    --turn.budget;
    const auto [sequence, begun] = group.recovered_retry.front();
    group.recovered_retry.pop_front();
    return_retry(queue, group, sequence, Return::lease_end, begun, "the broker was restarted while it was handed out");
  }
  if (!group.returning.empty()) take_back(queue, group);
  if (turn.now.mono >= group.next_lease_check) check_leases(queue, group);
  if (epoch_ms(turn.now.wall) >= group.next_due_ms && group.row.retry > 0) mature(queue, group);
  if (turn.now.mono >= group.next_head_check && group.row.cursor < queue.state.next_sequence) expire_head(queue, group);
  if (turn.budget == 0) turn.more = true;
}

// Consumers that ended: everything they held, from the oldest on.
void Engine::State::take_back(Queue& queue, Group& group) {
  while (!group.returning.empty()) {
    const Returning gone = group.returning.front();
    for (auto& [base, block] : group.window) {
      for (std::uint32_t i = 0; i < block.count(); ++i) {
        if (block.slots[i].holder != gone.holder) continue;
        if (turn.budget == 0) return;
        --turn.budget;
        end_lease_of_slot(queue, group, block, i, gone.why, gone.text);
      }
    }
    std::vector<std::uint64_t> held;
    for (const auto& [sequence, lease] : group.retry_leases) {
      if (lease.holder == gone.holder) held.push_back(sequence);
    }
    std::sort(held.begin(), held.end());  // the order of a hash table would not be repeatable
    for (const std::uint64_t sequence : held) {
      if (turn.budget == 0) return;
      --turn.budget;
      end_lease_of_retry(queue, group, sequence, gone.why, gone.text);
    }
    group.returning.pop_front();
  }
}

namespace {

Duration renewed_until(const Consumers& consumers, std::uint32_t holder) {
  const Subscription* subscription = consumers.holder(holder);
  return subscription ? subscription->renewed_until : Duration{0};
}

Duration effective_deadline(Duration renewed, Duration started, Duration deadline) {
  return std::min(std::max(deadline, renewed), started + limits::visibility_timeout_max);
}

}  // namespace

void Engine::State::check_leases(Queue& queue, Group& group) {
  Duration next = Duration::max();
  for (auto& [base, block] : group.window) check_block_leases(queue, group, block, next);
  std::vector<std::uint64_t> ended;
  for (const auto& [sequence, lease] : group.retry_leases) {
    const auto own = group.extended.find(sequence);
    const Duration deadline = effective_deadline(renewed_until(consumers, lease.holder), lease.started,
                                                 own == group.extended.end() ? lease.deadline : own->second);
    if (deadline <= turn.now.mono) {
      ended.push_back(sequence);
    } else {
      next = std::min(next, deadline);
    }
  }
  std::sort(ended.begin(), ended.end());
  for (const std::uint64_t sequence : ended) {
    if (turn.budget == 0) {
      next = turn.now.mono;
      break;
    }
    --turn.budget;
    lease_ran_out(queue, group, group.retry_leases.at(sequence).holder);
    end_lease_of_retry(queue, group, sequence, Return::lease_end, "the lease ran out (visibility_timeout)");
  }
  group.next_lease_check =
      next == Duration::max() ? next : std::max(next, turn.budget == 0 ? turn.now.mono : turn.now.mono + lease_check_pause);
}

void Engine::State::check_block_leases(Queue& queue, Group& group, WindowBlock& block, Duration& next) {
  for (std::size_t l = 0; l < block.leases.size();) {
    const Lease lease = block.leases[l];
    const Duration renewed = renewed_until(consumers, lease.holder);
    const Duration deadline = effective_deadline(renewed, lease.started, lease.deadline);
    if (deadline > turn.now.mono && group.extended.empty()) {
      next = std::min(next, deadline);
      ++l;
      continue;
    }
    bool left = false;
    for (std::uint32_t i = lease.first; i < lease.first + lease.count; ++i) {
      if (block.slots[i].holder != lease.holder) continue;
      const auto own = group.extended.find(block.base + i);
      // An own deadline replaces that of the hand-over; a renewal counts for every lease of the consumer.
      const Duration ends = own == group.extended.end() ? deadline : effective_deadline(renewed, lease.started, own->second);
      if (ends > turn.now.mono || turn.budget == 0) {
        left = true;
        next = std::min(next, std::max(ends, turn.now.mono));
        continue;
      }
      --turn.budget;
      lease_ran_out(queue, group, lease.holder);
      end_lease_of_slot(queue, group, block, i, Return::lease_end, "the lease ran out (visibility_timeout)");
    }
    if (left) {
      ++l;
    } else {
      block.leases.erase(block.leases.begin() + static_cast<std::ptrdiff_t>(l));
    }
  }
}

// Counts the retry rows whose time has come, so that dispatch knows of them.
void Engine::State::mature(Queue& queue, Group& group) {
  const std::uint64_t wall = epoch_ms(turn.now.wall);
  group.next_due_ms = leased_due;
  store::Row row;
  store::Scan scan(*turn.tx, Table::due, key::of(queue.id, group.id),
                   key::due(queue.id, group.id, group.matured.ms, group.matured.sequence));
  Due counted = group.matured;
  std::vector<std::uint64_t> matured;
  while (scan.next(row) && row.key.size() == 24) {
    const Due due{be64(row.key, 8), be64(row.key, 16)};
    if (due == group.matured) continue;
    if (due.ms == leased_due) break;
    if (due.ms > wall || turn.budget == 0) {
      group.next_due_ms = due.ms;
      break;
    }
    --turn.budget;
    counted = due;
    matured.push_back(due.sequence);
  }
  group.matured = group.next_due_ms <= wall ? counted : std::max(group.matured, Due{wall, ~std::uint64_t{0}});
  if (!matured.empty()) transition(queue, group, rules::State::delayed, rules::Input::due, matured.size());
  group.ready_retry += matured.size();
  for (const std::uint64_t sequence : matured) expire_matured(queue, group, sequence);
}

// The time to live of a message with a retry row is looked at when it becomes due, and before each hand-over.
void Engine::State::expire_matured(Queue& queue, Group& group, std::uint64_t sequence) {
  TakenOut row;
  if (!read_retry(queue, group, sequence, row)) return;
  format::Record record;
  std::string_view rest = row.record;
  if (!format::split(rest, record) || !format::checksum_ok(record) || !row_expired(queue, row, record)) return;
  erase_retry(queue, group, sequence, row);
  expire_message(queue, group, sequence, row, rules::State::ready);
}

// A message whose time to live has passed leaves from the head of the queue even when nobody consumes.
void Engine::State::expire_head(Queue& queue, Group& group) {
  group.next_head_check = turn.now.mono + head_check_pause;
  group.head_expiry_ms = 0;
  group.head_looked_at = group.row.cursor;
  while (turn.budget > 0) {
    format::Run run;
    bool fresh = false;
    if (!read_block(queue, group.row.cursor, run, fresh)) {
      // Only delayed messages came since: they have rows of their own, and nothing will be read here.
      if (turn.tx->status().ok()) {
        group.row.cursor = queue.state.next_sequence;
        group.dirty = true;
      }
      return;
    }
    const std::uint64_t sequence = std::max(group.row.cursor, run.first_sequence);
    format::Record record;
    std::int64_t publish_ms = 0;
    if (!find_record(queue, sequence, record, publish_ms)) return;
    if (!expired(queue, record, static_cast<std::uint64_t>(publish_ms))) {
      const auto ttl = static_cast<std::uint64_t>(queue.row.policy.ttl.count());
      group.head_expiry_ms = record.expires_at != 0 ? record.expires_at
                             : ttl != 0             ? static_cast<std::uint64_t>(publish_ms) + ttl
                                                    : 0;
      return;
    }
    if (!room.to_expire(queue.row.policy, record.bytes.size())) {
      queue.waits_for_room = true;
      return;
    }
    --turn.budget;
    WindowBlock& block = open_window(group, run);
    TakenOut row;
    if (!take_out(queue, group, block, static_cast<std::uint32_t>(sequence - block.base), row)) return;
    group.row.cursor = group.head_looked_at = sequence + 1;
    row.deliveries = row.attempts = 0;
    expire_message(queue, group, sequence, row, rules::State::ready);
  }
  if (turn.budget == 0) group.next_head_check = turn.now.mono;  // it goes on in the next turn
}

}  // namespace ackwire::engine
