// Settling: frames out, answers in.
#include <algorithm>

#include "client/subscriptions.hpp"
#include "wire/consume.hpp"

namespace ackwire::client {
namespace {

constexpr std::uint32_t settle_bit = 0x4000'0000;       // settles number their requests apart from calls
constexpr std::uint32_t async_frames_under_way = 4;     // of one subscription
constexpr std::uint64_t async_frame_messages_min = 64;  // before a second frame is sent while one is under way
constexpr std::uint64_t async_frames_per_credit = 8;

}  // namespace

void Subscriptions::settle(const std::shared_ptr<Subscription>& of, const model::Settle& settle, SettleWait* wait) {
  model::Settle part = settle;
  std::vector<model::SettleRange> left = settle.ranges;
  while (!left.empty()) {
    part.ranges = take_frame(left);
    send(of, part, wait, false);
  }
}

void Subscriptions::send(const std::shared_ptr<Subscription>& of, model::Settle& settle, SettleWait* wait, bool async_ack) {
  settle.subscription = of->id;
  settle.request = settle_bit | (next_request_++ & (settle_bit - 1));
  wire::encode(control_.emplace_back(), settle);
  Pending pending{of, settle.kind, count_messages(settle.ranges), settle.boot_epoch, {}, async_ack, wait};
  if (wait != nullptr || async_ack) pending.ranges = settle.ranges;
  pending_.emplace(settle.request, std::move(pending));
  if (wait != nullptr) ++wait->open;
}

void Subscriptions::release(const std::shared_ptr<Subscription>& of, RangeList& ranges) {
  model::Settle settle;
  settle.kind = model::SettleKind::release;
  settle.boot_epoch = boot_epoch_;
  settle.ranges = ranges.take();
  this->settle(of, settle, nullptr);
}

void Subscriptions::ack_later(const std::shared_ptr<Subscription>& of, std::uint64_t sequence, std::uint32_t delivery) {
  of->acks.add(sequence, delivery);
  ++of->acks_issued;
  closed(*of, 1);
}

void Subscriptions::list_acks(const std::shared_ptr<Subscription>& of) {
  if (!ready_ || of->acks_listed || of->acks.empty() || of->acks_due != Clock::time_point::max()) return;
  const std::uint64_t enough = std::max<std::uint64_t>(async_frame_messages_min, of->told / async_frames_per_credit);
  const bool send_now = of->acks_under_way == 0 || (of->acks_under_way < async_frames_under_way && of->acks.messages() >= enough);
  if (!send_now) return;
  of->acks_listed = true;
  acking_.push_back(of);
}

void Subscriptions::send_acks(const std::shared_ptr<Subscription>& of) {
  model::Settle settle;
  settle.kind = model::SettleKind::ack;
  settle.boot_epoch = boot_epoch_;
  const std::uint64_t issued = of->acks.messages();
  std::vector<model::SettleRange> left = of->acks.take();
  std::uint64_t sent = 0;
  while (!left.empty()) {
    settle.ranges = take_frame(left);
    send(of, settle, nullptr, true);
    ++of->acks_under_way;
    sent += pending_[settle.request].messages;
  }
  of->acks_answered += issued - sent;  // the same delivery given more than once
}

void Subscriptions::forget(const SettleWait& wait) {
  for (auto& [request, pending] : pending_) {
    if (pending.wait == &wait) pending.wait = nullptr;
  }
}

void Subscriptions::settled(std::uint32_t request, const model::SettleResult& answer) {
  const auto found = pending_.find(request);
  if (found == pending_.end()) return;
  Pending pending = std::move(found->second);
  pending_.erase(found);
  if (answer.error.code != Errc::ok) {
    fail(pending, answer.error);
  } else {
    this->answer(pending, answer);
  }
}

void Subscriptions::answer(Pending& pending, const model::SettleResult& answer) {
  Subscription& of = *pending.of;
  const std::uint64_t stale = count_messages(answer.stale);
  if (!pending.ranges.empty()) of.outcomes.answered(pending.boot_epoch, pending.kind, pending.ranges, answer.stale);
  if (pending.async_ack) {
    --of.acks_under_way;
    of.acks_answered += pending.messages;
    of.acks_stale += stale;
    list_acks(pending.of);
  }
  if (pending.wait != nullptr) {
    SettleWait& wait = *pending.wait;
    --wait.open;
    wait.result.applied += answer.applied;
    for (const model::SettleRange& range : answer.stale) {
      // A peer that counts more than was asked for is not believed.
      const std::uint64_t count = std::min<std::uint64_t>(range.count, pending.messages);
      for (std::uint64_t i = 0; i < count; ++i) wait.result.stale.push_back(range.first_sequence + i);
    }
  }
  of.settled.notify_all();
}

void Subscriptions::fail(Pending& pending, const Error& error) {
  Subscription& of = *pending.of;
  if (pending.async_ack) {
    --of.acks_under_way;
    of.acks_answered += pending.messages;
    of.acks_stale += pending.messages;
    if (!of.acks_error) of.acks_error = error;
    list_acks(pending.of);
  }
  if (pending.wait != nullptr) {
    --pending.wait->open;
    if (!pending.wait->error) pending.wait->error = error;
  }
  of.settled.notify_all();
}

void Subscriptions::refused(std::uint32_t request, const Error& error, Clock::time_point now) {
  if ((request & settle_bit) == 0) return;
  const auto found = pending_.find(request);
  if (found == pending_.end()) return;
  Pending pending = std::move(found->second);
  pending_.erase(found);
  const bool later = pending.async_ack && error.code == Errc::store_full && pending.boot_epoch == boot_epoch_ &&
                     pending.of->phase == Subscription::Phase::live;
  if (later) return repeat(pending, now + error.retry_after);
  fail(pending, error);
}

// The store had no room for the acks; the leases are as they were.
void Subscriptions::repeat(Pending& pending, Clock::time_point due) {
  Subscription& of = *pending.of;
  --of.acks_under_way;
  for (const model::SettleRange& range : pending.ranges) of.acks.add(range.first_sequence, range.count, range.delivery);
  of.acks_due = due;
  tick_wanted_ = std::min(tick_wanted_, due);
}

/// Acks that were not sent and cannot be any more.
void Subscriptions::lose_acks(Subscription& of, const Error& error) {
  const std::uint64_t messages = of.acks.messages();
  if (messages == 0) return;
  of.acks.clear();
  of.acks_answered += messages;
  of.acks_stale += messages;
  if (!of.acks_error) of.acks_error = error;
  of.settled.notify_all();
}

}  // namespace ackwire::client
