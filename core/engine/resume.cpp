// After a turn that found no room in the store: a new engine over the same store goes on where the one before stood when that turn
// began. What is stored is read anew. Subscriptions and leases are in memory alone and are taken over, so that the consumers'
// tokens stay good: a settle of the turn that failed can be repeated. What a consumer said in it (credit, what it has begun) still
// holds.
#include <algorithm>
#include <deque>
#include <utility>

#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

class Takeover {
 public:
  Takeover(Engine::State& now, Engine::State& before) : s_(now), before_(before) {}

  void run() {
    s_.started = before_.started;
    s_.consumers.next_index = before_.consumers.next_index;
    for (const auto& [session, listener] : before_.consumers.listeners)
      s_.consumers.listeners[session] = std::make_unique<Listener>(*listener);
    for (const auto& [key, subscription] : before_.consumers.subscriptions) take_subscription(*subscription);
    for (const std::uint32_t index : before_.consumers.unanswered) answer_subscribe(index);
    for (auto& [id, queue] : s_.queues) {
      const auto was = before_.queues.find(id);
      if (was == before_.queues.end() || queue.row.removing) continue;
      queue.state.refused = was->second.state.refused;
      for (auto& [group_id, group] : queue.groups) {
        const auto group_was = was->second.groups.find(group_id);
        if (group_was != was->second.groups.end()) take_group(queue, group, group_was->second);
      }
    }
  }

 private:
  // Its queue or group may have been made in the turn that failed, and not be there.
  void take_subscription(const Subscription& was) {
    const auto queue = s_.queues.find(was.queue);
    const bool queue_there = queue != s_.queues.end() && !queue->second.row.removing;
    const auto group = queue_there ? queue->second.groups.find(was.group) : decltype(queue->second.groups.begin()){};
    if (!queue_there || group == queue->second.groups.end()) {
      const Error gone{Errc::no_queue, "What the consumer subscribed to was not stored. Subscribe again.", {}, {}};
      return s_.turn.effect(was.session, model::SubscriptionEnded{was.id, gone});
    }
    auto made = std::make_unique<Subscription>(was);
    made->in_flight = made->begun = 0;
    made->effect = Subscription::npos;
    made->listener = s_.consumers.listeners.at(was.session).get();
    s_.attach(group->second, std::move(made));
  }

  void answer_subscribe(std::uint32_t index) {
    if (const Subscription* subscription = find(index)) s_.answer_subscribe(*subscription);
  }

  void take_group(Queue& queue, Group& group, const Group& was) {
    group.stale_settles = was.stale_settles;
    for (const std::uint64_t base : group.recovered_blocks) take_block(queue, group, group.window.at(base), was);
    std::deque<std::pair<std::uint64_t, bool>> left;
    for (const auto& [sequence, begun] : std::exchange(group.recovered_retry, {})) {
      if (!take_retry(queue, group, sequence, begun, was)) left.emplace_back(sequence, begun);
    }
    group.recovered_retry = std::move(left);
    if (group.leased > 0) group.next_lease_check = s_.turn.now.mono;
  }

  // What was handed out and is not settled in the store. A block that is whole by now had the rest settled in the turn that failed.
  void take_block(const Queue& queue, Group& group, WindowBlock& block, const Group& was) {
    const auto found = was.window.find(block.base);
    const WindowBlock* before = found == was.window.end() ? nullptr : &found->second;
    for (std::uint32_t i = 0; i < block.count() && block.base + i < group.row.cursor; ++i) {
      if (block.slots[i].holder != Slot::waiting) continue;
      const std::uint32_t held_by = before && i < before->count() ? before->slots[i].holder : Slot::settled;
      Subscription* holder = held_by == Slot::settled ? who_settled(group, block.base + i, 1) : find(held_by);
      if (!holder) continue;
      block.slots[i].holder = holder->index;
      take_lease(block, i, *holder, lease_of(before, i, queue, *holder));
      count(group, *holder, was, block.base + i);
      if (before && i < before->count() && before->slots[i].begun) s_.begin_slot(group, block, i, nullptr);
      holder->begun += block.slots[i].begun;
    }
  }

  static void take_lease(WindowBlock& block, std::uint32_t slot, const Subscription& holder, const Lease& lease) {
    Lease* last = block.leases.empty() ? nullptr : &block.leases.back();
    const bool same = last && last->holder == holder.index && last->first + last->count == slot && last->started == lease.started &&
                      last->deadline == lease.deadline;
    if (same) {
      ++last->count;
    } else {
      block.leases.push_back({slot, 1, holder.index, lease.started, lease.deadline});
    }
  }

  // Of a message that was settled in the turn that failed it is not known any more: it begins anew.
  Lease lease_of(const WindowBlock* before, std::uint32_t slot, const Queue& queue, const Subscription& holder) const {
    if (before) {
      for (const Lease& lease : before->leases) {
        if (lease.holder == holder.index && slot >= lease.first && slot - lease.first < lease.count) return lease;
      }
    }
    return {slot, 1, holder.index, s_.turn.now.mono, s_.turn.now.mono + queue.row.policy.visibility_timeout};
  }

  bool take_retry(Queue& queue, Group& group, std::uint64_t sequence, bool begun, const Group& was) {
    TakenOut row;
    if (!s_.read_retry(queue, group, sequence, row)) return false;
    const auto lease = was.retry_leases.find(sequence);
    const bool held = lease != was.retry_leases.end() && lease->second.delivery == row.deliveries;
    Subscription* holder = held ? find(lease->second.holder) : who_settled(group, sequence, row.deliveries);
    if (!holder) return false;
    RetryLease taken{holder->index, row.deliveries, s_.turn.now.mono, s_.turn.now.mono + queue.row.policy.visibility_timeout,
                     begun};
    if (held) taken = lease->second;
    taken.begun = taken.begun || begun;
    holder->begun += taken.begun ? 1 : 0;
    group.retry_leases[sequence] = taken;
    count(group, *holder, was, sequence);
    return true;
  }

  static void count(Group& group, Subscription& holder, const Group& was, std::uint64_t sequence) {
    ++group.leased;
    ++holder.in_flight;
    if (const auto own = was.extended.find(sequence); own != was.extended.end()) group.extended.insert(*own);
  }

  Subscription* find(std::uint32_t index) const { return s_.consumers.holder(index); }

  // Whoever settled the delivery in the turn that failed held it before; of that settle nothing is true, so it is not remembered.
  Subscription* who_settled(const Group& group, std::uint64_t sequence, std::uint32_t delivery) {
    for (Subscription* consumer : group.consumers) {
      for (const AppliedSettle& settled : before_.consumers.by_index.at(consumer->index)->recently_settled) {
        if (!covers(settled.range, sequence, delivery)) continue;
        forget(*consumer, sequence, delivery);
        return consumer;
      }
    }
    return nullptr;
  }

  static bool covers(const model::SettleRange& range, std::uint64_t sequence, std::uint32_t delivery) {
    return range.delivery == delivery && sequence >= range.first_sequence && sequence - range.first_sequence < range.count;
  }

  // What a range has before the sequence was settled in earlier turns.
  static void forget(Subscription& consumer, std::uint64_t sequence, std::uint32_t delivery) {
    auto& recent = consumer.recently_settled;
    for (AppliedSettle& settled : recent) {
      if (covers(settled.range, sequence, delivery))
        settled.range.count = static_cast<std::uint32_t>(sequence - settled.range.first_sequence);
    }
    std::erase_if(recent, [](const AppliedSettle& settled) { return settled.range.count == 0; });
  }

  Engine::State& s_;
  Engine::State& before_;
};

}  // namespace

Status Engine::resume(Now now, Engine& before) {
  State& s = *state_;
  s.resumes = true;
  if (Status begun = begin(now); !begun) return begun;
  if (Status read = s.read_store(); !read) return read;
  Takeover(s, *before.state_).run();
  return s.commit_start();  // of nothing, unless damage was found
}

}  // namespace ackwire::engine
