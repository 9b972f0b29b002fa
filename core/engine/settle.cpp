// Settle: ack, nack, reject, release, extend. Applied only when the token names the present lease; otherwise nothing changes.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/state.hpp"
#include "rules/policy.hpp"

namespace ackwire::engine {
namespace {

using model::Settle;
using model::SettleKind;
using model::SettleRange;

constexpr std::size_t recent_ack_ranges = 64;

void append_range(std::vector<SettleRange>& ranges, std::uint64_t sequence, std::uint32_t delivery) {
  if (!ranges.empty() && ranges.back().delivery == delivery && ranges.back().first_sequence + ranges.back().count == sequence) {
    ++ranges.back().count;
  } else {
    ranges.push_back({sequence, 1, delivery});
  }
}

bool was_acked(const Subscription& subscription, std::uint64_t sequence, std::uint32_t delivery) {
  return std::any_of(subscription.recently_acked.begin(), subscription.recently_acked.end(), [&](const SettleRange& r) {
    return r.delivery == delivery && sequence >= r.first_sequence && sequence - r.first_sequence < r.count;
  });
}

void remember_ack(Subscription& subscription, const SettleRange& range) {
  auto& recent = subscription.recently_acked;
  if (!recent.empty() && recent.back().delivery == range.delivery &&
      recent.back().first_sequence + recent.back().count == range.first_sequence) {
    recent.back().count += range.count;
    return;
  }
  if (recent.size() == recent_ack_ranges) recent.pop_front();
  recent.push_back(range);
}

}  // namespace

void Engine::State::drop_lease(Group& group, std::uint64_t sequence, std::uint32_t holder) {
  --group.leased;
  if (!group.extended.empty()) group.extended.erase(sequence);
  if (const auto it = by_index.find(holder); it != by_index.end()) --it->second->in_flight;
}

void Engine::State::end_lease_of_slot(Queue& queue, Group& group, WindowBlock& block, std::uint32_t slot, Return why,
                                      std::string_view text) {
  const std::uint64_t sequence = block.base + slot;
  if (block.slots[slot].holder != Slot::waiting) drop_lease(group, sequence, block.slots[slot].holder);
  TakenOut row;
  if (!take_out(queue, group, block, slot, row)) return;
  if (why == Return::release) {
    row.attempts = 0;
    ++group.row.released;
  } else {
    note_error(row, text);
    if (row.attempts >= queue.row.policy.max_attempts) return put_dead(queue, group, sequence, row, DeadReason::max_attempts, text);
  }
  put_retry(queue, group, sequence, row, epoch_ms(now.wall));
}

void Engine::State::end_lease_of_retry(Queue& queue, Group& group, std::uint64_t sequence, Return why, std::string_view text) {
  if (const auto it = group.retry_leases.find(sequence); it != group.retry_leases.end()) {
    drop_lease(group, sequence, it->second.holder);
    group.retry_leases.erase(it);
  }
  TakenOut row;
  if (!read_retry(queue, group, sequence, row)) return;
  if (why == Return::release) {
    if (row.attempts > 0) --row.attempts;
    ++group.row.released;
  } else {
    note_error(row, text);
    if (row.attempts >= queue.row.policy.max_attempts) {
      erase_retry(queue, group, sequence, row);
      return put_dead(queue, group, sequence, row, DeadReason::max_attempts, text);
    }
  }
  replace_retry(queue, group, sequence, row, epoch_ms(now.wall));
}

namespace {

/// One settle frame being applied.
class Settling {
 public:
  Settling(Engine::State& state, Queue& queue, Group& group, Subscription& subscription, const Settle& settle,
           model::SettleResult& result)
      : s_(state), queue_(queue), group_(group), subscription_(subscription), settle_(settle), result_(result) {}

  void apply(const SettleRange& range) {
    std::uint64_t sequence = range.first_sequence;
    const std::uint64_t end = sequence + range.count;
    while (sequence < end) {
      WindowBlock* block = group_.block_of(sequence);
      const std::uint64_t stop = block && range.delivery == 1 ? std::min(end, block->end()) : sequence + 1;
      if (block && range.delivery == 1) {
        const std::uint64_t in_block = settle_in_block(*block, sequence, stop);
        sequence += in_block;
        if (sequence == stop) continue;
      }
      // Not leased in its block: it may have a retry row, else the token is stale.
      if (!settle_retry(sequence, range.delivery)) refuse(sequence, range.delivery);
      ++sequence;
    }
  }

 private:
  // Returns how many were applied before the first that is not this consumer's.
  std::uint64_t settle_in_block(WindowBlock& block, std::uint64_t sequence, std::uint64_t stop) {
    const auto first = static_cast<std::uint32_t>(sequence - block.base);
    const auto last = static_cast<std::uint32_t>(stop - block.base);
    std::uint32_t i = first;
    std::uint64_t bytes = 0;
    while (i < last && mine(block.slots[i].holder)) {
      if (settle_.kind == SettleKind::ack) {
        bytes += block.slots[i].bytes;
        release_lease(block.base + i, block.slots[i].holder);
        s_.settle_slot(group_, block, i);
      } else {
        settle_slow(block, i);
      }
      ++i;
    }
    const std::uint32_t applied = i - first;
    result_.applied += applied;
    if (settle_.kind == SettleKind::ack && applied > 0) acked(applied, bytes, block.publish_ms, {sequence, applied, 1});
    return applied;
  }

  bool mine(std::uint32_t holder) const {
    if (holder == subscription_.index) return true;
    return s_.bugs.ack_without_token && holder != Slot::settled && holder != Slot::waiting;
  }

  // drop_lease() without its look-up, for the common case.
  void release_lease(std::uint64_t sequence, std::uint32_t holder) {
    if (holder != subscription_.index || !group_.extended.empty()) return s_.drop_lease(group_, sequence, holder);
    --group_.leased;
    --subscription_.in_flight;
  }

  void settle_slow(WindowBlock& block, std::uint32_t slot) {
    const std::uint64_t sequence = block.base + slot;
    if (settle_.kind == SettleKind::release) return s_.end_lease_of_slot(queue_, group_, block, slot, Return::release, "");
    if (settle_.kind == SettleKind::extend) return extend(sequence);
    s_.drop_lease(group_, sequence, block.slots[slot].holder);
    TakenOut row;
    if (s_.take_out(queue_, group_, block, slot, row)) fail(sequence, row, false);
  }

  bool settle_retry(std::uint64_t sequence, std::uint32_t delivery) {
    const auto it = group_.retry_leases.find(sequence);
    if (it == group_.retry_leases.end()) return false;
    if ((it->second.holder != subscription_.index || it->second.delivery != delivery) && !s_.bugs.ack_without_token) return false;
    ++result_.applied;
    if (settle_.kind == SettleKind::release) {
      s_.end_lease_of_retry(queue_, group_, sequence, Return::release, "");
      return true;
    }
    if (settle_.kind == SettleKind::extend) {
      extend(sequence);
      return true;
    }
    s_.drop_lease(group_, sequence, it->second.holder);
    group_.retry_leases.erase(it);
    TakenOut row;
    if (!s_.read_retry(queue_, group_, sequence, row)) return true;
    if (settle_.kind == SettleKind::ack) {
      s_.erase_retry(queue_, group_, sequence, row);
      s_.remember_key(queue_, sequence, row.record);
      acked(1, row.record.size(), static_cast<std::uint64_t>(row.publish_ms), {sequence, 1, delivery});
    } else {
      fail(sequence, row, true);
    }
    return true;
  }

  void acked(std::uint32_t count, std::uint64_t bytes, std::uint64_t publish_ms, const SettleRange& range) {
    group_.row.acked += count;
    group_.row.settled_bytes += bytes;
    group_.dirty = true;
    queue_.sample.acked += count;
    const std::uint64_t wall = epoch_ms(s_.now.wall);
    queue_.latency.add(wall > publish_ms ? wall - publish_ms : 0, count);
    remember_ack(subscription_, range);
  }

  // nack or reject of a message whose row is in hand; `stored` when it still has a retry row.
  void fail(std::uint64_t sequence, TakenOut& row, bool stored) {
    const bool reject = settle_.kind == SettleKind::reject;
    s_.note_error(row, settle_.text);
    ++(reject ? group_.row.rejected : group_.row.nacked);
    if (!reject) ++queue_.sample.nacked;
    if (reject || row.attempts >= queue_.row.policy.max_attempts) {
      if (stored) s_.erase_retry(queue_, group_, sequence, row);
      s_.put_dead(queue_, group_, sequence, row, reject ? DeadReason::rejected : DeadReason::max_attempts, settle_.text);
      return;
    }
    const Duration delay = settle_.duration_ms >= 0 ? Duration{settle_.duration_ms}
                                                    : rules::retry_delay(queue_.row.policy.backoff, row.attempts, s_.random);
    const std::uint64_t due = epoch_ms(s_.now.wall) + static_cast<std::uint64_t>(delay.count());
    if (stored) {
      s_.replace_retry(queue_, group_, sequence, row, due);
    } else {
      s_.put_retry(queue_, group_, sequence, row, due);
    }
  }

  void extend(std::uint64_t sequence) {
    const Duration deadline = s_.now.mono + Duration{settle_.duration_ms};
    group_.extended[sequence] = deadline;
    group_.next_lease_check = std::min(group_.next_lease_check, deadline);
  }

  void refuse(std::uint64_t sequence, std::uint32_t delivery) {
    if (settle_.kind == SettleKind::ack && was_acked(subscription_, sequence, delivery)) {
      ++result_.applied;  // a repeated ack: it holds
      return;
    }
    ++group_.stale_settles;
    append_range(result_.stale, sequence, delivery);
  }

  Engine::State& s_;
  Queue& queue_;
  Group& group_;
  Subscription& subscription_;
  const Settle& settle_;
  model::SettleResult& result_;
};

Error check(const Settle& settle) {
  std::uint64_t total = 0;
  for (const SettleRange& range : settle.ranges) {
    if (range.delivery == 0 || range.count == 0 || range.first_sequence == 0) {
      return {Errc::bad_token,
              "A lease token names no delivery. Nothing was settled. Settle with the token of a received message.",
              {},
              {}};
    }
    total += range.count;
  }
  if (total > limits::credit) {
    return {Errc::too_large,
            "A settle names " + std::to_string(total) + " messages, at most " + std::to_string(limits::credit) +
                " are allowed. Nothing was settled. Settle in smaller parts.",
            {},
            {}};
  }
  const Duration duration{settle.duration_ms};
  if (settle.kind == SettleKind::extend &&
      (duration < limits::visibility_timeout_min || duration > limits::visibility_timeout_max)) {
    return {Errc::out_of_range,
            "extend by " + std::to_string(settle.duration_ms) + " ms is outside 100 ms to 12 h. Nothing was changed.",
            {},
            {}};
  }
  if (settle.kind == SettleKind::nack && (settle.duration_ms < -1 || duration > limits::delay_max)) {
    return {Errc::out_of_range,
            "nack delay of " + std::to_string(settle.duration_ms) + " ms is outside 0 to 366 days. Nothing was changed.",
            {},
            {}};
  }
  return {Errc::ok, {}, {}, {}};
}

}  // namespace

void Engine::settle(SessionId session, const Settle& settle) {
  State& s = *state_;
  model::SettleResult result;
  result.subscription = settle.subscription;
  result.request = settle.request;
  Subscription* subscription = s.find_subscription(session, settle.subscription);
  result.error = check(settle);
  if (!subscription && result.error.code == Errc::ok) {
    result.error = {Errc::bad_token,
                    "This session has no such subscription, so none of its leases can be settled. Nothing was changed; "
                    "the messages will be delivered again. Subscribe, then settle what is delivered.",
                    {},
                    {}};
  }
  if (result.error.code == Errc::ok) {
    Queue& queue = s.queues.at(subscription->queue);
    Group& group = queue.groups.at(subscription->group);
    if (settle.boot_epoch != s.boot.boot_epoch && !s.bugs.ack_without_token) {
      for (const SettleRange& range : settle.ranges) group.stale_settles += range.count;
      result.stale = settle.ranges;
    } else {
      Settling settling(s, queue, group, *subscription, settle, result);
      for (const SettleRange& range : settle.ranges) settling.apply(range);
    }
  }
  s.effect(session, std::move(result));
}

void Engine::renew(SessionId session, SubscriptionId id) {
  State& s = *state_;
  Subscription* subscription = s.find_subscription(session, id);
  if (!subscription) return;
  subscription->renewed_until = s.now.mono + s.queues.at(subscription->queue).row.policy.visibility_timeout;
}

}  // namespace ackwire::engine
