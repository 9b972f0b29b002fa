// Settle: ack, nack, reject, release, extend. Planned first, then applied where the token names the present lease; elsewhere
// nothing changes.
#include <algorithm>
#include <utility>

#include "ackwire/limits.hpp"
#include "engine/acts/settle_plan.hpp"
#include "engine/planted.hpp"
#include "engine/state.hpp"
#include "rules/policy.hpp"
#include "rules/require.hpp"

namespace ackwire::engine {
namespace {

using model::Settle;
using model::SettleKind;
using model::SettleRange;

constexpr std::size_t recent_settles = 64;  // ranges of one subscription whose repeat is known as one

void append_range(std::vector<SettleRange>& ranges, std::uint64_t first, std::uint32_t count, std::uint32_t delivery) {
  if (!ranges.empty() && ranges.back().delivery == delivery && ranges.back().first_sequence + ranges.back().count == first) {
    ranges.back().count += count;
  } else {
    ranges.push_back({first, count, delivery});
  }
}

// `until` is lowered to where the answer may be another one.
bool was_applied(const Subscription& subscription, SettleKind kind, std::uint64_t sequence, std::uint32_t delivery,
                 std::uint64_t& until) {
  for (const AppliedSettle& settled : subscription.recently_settled) {
    const SettleRange& r = settled.range;
    if (settled.kind != kind || r.delivery != delivery) continue;
    if (sequence >= r.first_sequence && sequence - r.first_sequence < r.count) {
      until = std::min(until, r.first_sequence + r.count);
      return true;
    }
    if (r.first_sequence > sequence) until = std::min(until, r.first_sequence);
  }
  return false;
}

void remember(Subscription& subscription, SettleKind kind, const SettleRange& range) {
  if (kind == SettleKind::extend) return;
  auto& recent = subscription.recently_settled;
  if (!recent.empty() && recent.back().kind == kind && recent.back().range.delivery == range.delivery &&
      recent.back().range.first_sequence + recent.back().range.count == range.first_sequence) {
    recent.back().range.count += range.count;
    return;
  }
  if (recent.size() == recent_settles) recent.pop_front();
  recent.push_back({kind, range});
}

rules::Input input_of(Return why) { return why == Return::release ? rules::Input::release : rules::Input::lease_end; }

}  // namespace

void Engine::State::drop_lease(Group& group, std::uint64_t sequence, std::uint32_t holder, bool begun) {
  rules::require(group.leased > 0, "a lease that ends is counted");
  --group.leased;
  if (!group.extended.empty()) group.extended.erase(sequence);
  Subscription* subscription = consumers.holder(holder);
  if (!subscription) return;
  rules::require(subscription->in_flight > 0, "a lease that ends is counted with its consumer");
  --subscription->in_flight;
  if (begun) --subscription->begun;
}

void Engine::State::end_lease_of_slot(Queue& queue, Group& group, WindowBlock& block, std::uint32_t slot, Return why,
                                      std::string_view text) {
  const std::uint64_t sequence = block.base + slot;
  const Slot held = block.slots[slot];
  if (held.holder != Slot::waiting) drop_lease(group, sequence, held.holder, held.begun);
  TakenOut row;
  if (!take_out(queue, group, block, slot, row)) return;
  if (why == Return::release) {
    row.attempts = 0;
  } else if (row.attempts > 0) {
    note_error(row, text);
    if (row.attempts >= queue.row.policy.max_attempts)
      return put_dead(queue, group, sequence, row, rules::State::leased, rules::Input::lease_end_spent, text);
  }
  transition(queue, group, rules::State::leased, input_of(why));
  put_retry(queue, group, sequence, row, due_at_once);
}

void Engine::State::end_lease_of_retry(Queue& queue, Group& group, std::uint64_t sequence, Return why, std::string_view text) {
  bool begun = false;
  if (const auto it = group.retry_leases.find(sequence); it != group.retry_leases.end()) {
    begun = it->second.begun;
    drop_lease(group, sequence, it->second.holder, begun);
    group.retry_leases.erase(it);
  }
  return_retry(queue, group, sequence, why, begun, text);
}

void Engine::State::return_retry(Queue& queue, Group& group, std::uint64_t sequence, Return why, bool begun,
                                 std::string_view text) {
  TakenOut row;
  if (!read_retry_state(queue, group, sequence, row)) return;
  if (why != Return::release && begun) {
    ++row.attempts;
    note_error(row, text);
    if (row.attempts >= queue.row.policy.max_attempts) {
      erase_retry(queue, group, sequence, row);
      return put_dead(queue, group, sequence, row, rules::State::leased, rules::Input::lease_end_spent, text);
    }
  }
  transition(queue, group, rules::State::leased, input_of(why));
  replace_retry(queue, group, sequence, row, due_at_once);
}

namespace {

/// One settle frame being applied.
class Settling {
 public:
  Settling(Engine::State& state, Queue& queue, Group& group, Subscription& subscription, const Settle& settle,
           model::SettleResult& result)
      : s_(state), queue_(queue), group_(group), subscription_(subscription), settle_(settle), result_(result) {}

  /// A message that the frame names twice is settled by the first and a repeat in the second.
  void apply(const SettlePlan& plan) {
    for (const SettlePart& part : plan.parts()) {
      const SettleRange& range = part.range;
      const std::uint64_t end = range.first_sequence + range.count;
      std::uint64_t settled = range.first_sequence;
      if (part.place == SettlePart::Place::block) settled += settle_in_block(plan, *part.block, range.first_sequence, end);
      if (part.place == SettlePart::Place::retry && plan.mine(settled, range.delivery)) settle_retry(settled++, range.delivery);
      refuse(settled, end, range.delivery);
    }
  }

 private:
  // Returns how many were applied before the first that is not this consumer's.
  std::uint64_t settle_in_block(const SettlePlan& plan, WindowBlock& block, std::uint64_t sequence, std::uint64_t stop) {
    const auto first = static_cast<std::uint32_t>(sequence - block.base);
    const auto last = static_cast<std::uint32_t>(stop - block.base);
    std::uint32_t i = first;
    std::uint64_t bytes = 0;
    while (i < last && plan.mine(block.slots[i].holder)) {
      if (settle_.kind == SettleKind::ack) {
        bytes += block.slots[i].bytes;
        release_lease(block.base + i, block.slots[i]);
        s_.settle_slot(group_, block, i);
      } else {
        settle_slow(block, i);
      }
      ++i;
    }
    const std::uint32_t applied = i - first;
    result_.applied += applied;
    if (applied == 0) return 0;
    remember(subscription_, settle_.kind, {sequence, applied, 1});
    if (settle_.kind == SettleKind::ack) acked(applied, bytes, block.publish_ms);
    return applied;
  }

  // drop_lease() without its look-up, for the common case.
  void release_lease(std::uint64_t sequence, const Slot& slot) {
    if (slot.holder != subscription_.index || !group_.extended.empty())
      return s_.drop_lease(group_, sequence, slot.holder, slot.begun);
    rules::require(group_.leased > 0 && subscription_.in_flight > 0, "a lease that ends is counted");
    --group_.leased;
    --subscription_.in_flight;
    subscription_.begun -= slot.begun;
  }

  void settle_slow(WindowBlock& block, std::uint32_t slot) {
    const std::uint64_t sequence = block.base + slot;
    if (settle_.kind == SettleKind::release) return s_.end_lease_of_slot(queue_, group_, block, slot, Return::release, "");
    if (settle_.kind == SettleKind::extend) return extend(sequence);
    s_.drop_lease(group_, sequence, block.slots[slot].holder, block.slots[slot].begun);
    TakenOut row;
    if (!s_.take_out(queue_, group_, block, slot, row)) return;
    row.attempts = 0;  // fail() counts this one
    fail(sequence, row, false);
  }

  void settle_retry(std::uint64_t sequence, std::uint32_t delivery) {
    const auto it = group_.retry_leases.find(sequence);
    ++result_.applied;
    remember(subscription_, settle_.kind, {sequence, 1, delivery});
    if (settle_.kind == SettleKind::release) return s_.end_lease_of_retry(queue_, group_, sequence, Return::release, "");
    if (settle_.kind == SettleKind::extend) return extend(sequence);
    s_.drop_lease(group_, sequence, it->second.holder, it->second.begun);
    group_.retry_leases.erase(it);
    TakenOut row;
    const bool whole = settle_.kind == SettleKind::ack ? s_.read_retry(queue_, group_, sequence, row)
                                                       : s_.read_retry_state(queue_, group_, sequence, row);
    if (!whole && (settle_.kind != SettleKind::ack || !s_.unbury(queue_, group_, sequence, row))) return;
    if (settle_.kind == SettleKind::ack) {
      if (whole) s_.erase_retry(queue_, group_, sequence, row);
      s_.remember_key(queue_, sequence, row.record);
      s_.drop_body(queue_, group_, sequence, row);
      acked(1, row.record_bytes(), static_cast<std::uint64_t>(row.publish_ms));
    } else {
      fail(sequence, row, true);
    }
  }

  void acked(std::uint32_t count, std::uint64_t bytes, std::uint64_t publish_ms) {
    s_.transition(queue_, group_, rules::State::leased, rules::Input::ack, count, bytes);
    const std::uint64_t wall = epoch_ms(s_.turn.now.wall);
    queue_.latency.add(wall > publish_ms ? wall - publish_ms : 0, count);
  }

  // nack or reject of a message whose row is in hand; `stored` when it still has a retry row. Who says so has begun it.
  void fail(std::uint64_t sequence, TakenOut& row, bool stored) {
    ++row.attempts;
    const bool reject = settle_.kind == SettleKind::reject;
    s_.note_error(row, settle_.text);
    if (reject || row.attempts >= queue_.row.policy.max_attempts) {
      if (stored) s_.erase_retry(queue_, group_, sequence, row);
      const rules::Input input = reject ? rules::Input::reject : rules::Input::nack_spent;
      return s_.put_dead(queue_, group_, sequence, row, rules::State::leased, input, settle_.text);
    }
    s_.transition(queue_, group_, rules::State::leased, rules::Input::nack);
    const Duration delay = settle_.duration_ms >= 0 ? Duration{settle_.duration_ms}
                                                    : rules::retry_delay(queue_.row.policy.backoff, row.attempts, s_.random);
    const std::uint64_t due =
        delay.count() > 0 ? epoch_ms(s_.turn.now.wall) + static_cast<std::uint64_t>(delay.count()) : due_at_once;
    if (stored) {
      s_.replace_retry(queue_, group_, sequence, row, due);
    } else {
      s_.put_retry(queue_, group_, sequence, row, due);
    }
  }

  void extend(std::uint64_t sequence) {
    const Duration deadline = s_.turn.now.mono + Duration{settle_.duration_ms};
    s_.transition(queue_, group_, rules::State::leased, rules::Input::extend);
    group_.extended[sequence] = deadline;
    group_.next_lease_check = std::min(group_.next_lease_check, deadline);
  }

  // [first, end): repeats of a settle that holds are applied, the rest is stale.
  void refuse(std::uint64_t first, std::uint64_t end, std::uint32_t delivery) {
    while (first < end) {
      std::uint64_t until = end;
      if (was_applied(subscription_, settle_.kind, first, delivery, until)) {
        result_.applied += static_cast<std::uint32_t>(until - first);
      } else {
        group_.stale_settles += until - first;
        append_range(result_.stale, first, static_cast<std::uint32_t>(until - first), delivery);
      }
      first = until;
    }
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
              "Range " + std::to_string(&range - settle.ranges.data() + 1) + " of a settle names no delivery: sequence " +
                  std::to_string(range.first_sequence) + ", count " + std::to_string(range.count) + ", delivery " +
                  std::to_string(range.delivery) +
                  ", and none may be 0. Nothing was settled; leases are as they were. Settle with "
                  "the token of a received message.",
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
            "extend by " + std::to_string(settle.duration_ms) +
                " ms is outside 100 ms to 12 h (43200000 ms). Nothing was changed; the lease is as it was. Choose one inside.",
            {},
            {}};
  }
  if (settle.kind == SettleKind::nack && (settle.duration_ms < -1 || duration > limits::delay_max)) {
    return {
        Errc::out_of_range,
        "nack delay of " + std::to_string(settle.duration_ms) +
            " ms is outside 0 to 366 days. Nothing was changed; the lease is as it was. Choose one inside, or -1 for the policy's.",
        {},
        {}};
  }
  return {Errc::ok, {}, {}, {}};
}

}  // namespace

void Engine::State::settle(SessionId session, const Settle& settle) {
  model::SettleResult result;
  result.subscription = settle.subscription;
  result.request = settle.request;
  Subscription* subscription = consumers.find(session, settle.subscription);
  heard(session);
  result.error = check(settle);
  if (!subscription && result.error.code == Errc::ok) {
    result.error = {Errc::bad_token,
                    "This session has no such subscription (" + std::to_string(static_cast<std::uint32_t>(settle.subscription)) +
                        "), so none of its leases can be settled. Nothing was changed; what was not settled before will be "
                        "delivered again. Subscribe, then settle what is delivered.",
                    {},
                    {}};
  }
  if (result.error.code == Errc::ok) {
    Queue& queue = queue_of(*subscription);
    Group& group = queue.groups.at(subscription->group);
    const bool any_token = planted(Planted::ack_without_token);
    if (settle.boot_epoch != boot.boot_epoch && !any_token) {
      for (const SettleRange& range : settle.ranges) group.stale_settles += range.count;
      result.stale = settle.ranges;
    } else {
      SettlePlan plan(group, *subscription, any_token);
      for (const SettleRange& range : settle.ranges) plan.add(range);
      Settling(*this, queue, group, *subscription, settle, result).apply(plan);
    }
  }
  turn.effect(session, std::move(result));
}

void Engine::State::renew(SessionId session, SubscriptionId id) {
  Subscription* subscription = consumers.find(session, id);
  heard(session);
  if (!subscription) return;
  subscription->renewed_until = turn.now.mono + queues.at(subscription->queue).row.policy.visibility_timeout;
}

}  // namespace ackwire::engine
