#include "client/subscriptions.hpp"

#include <algorithm>

#include "client/refusals.hpp"
#include "format/record.hpp"
#include "wire/consume.hpp"

namespace ackwire::client {
namespace {

constexpr int renewals_per_timeout = 3;
/// So long the broker is not told what the application has begun: most is settled by then.
constexpr Duration begun_pause{20};

Clock::time_point lease_end(const Subscription& of, const ReceivedRun& run) {
  const Clock::time_point start = of.renew ? std::max(run.received, of.renewed) : run.received;
  return start + of.visibility_timeout;
}

}  // namespace

std::shared_ptr<Subscription> Subscriptions::open(std::string_view queue, const ConsumerOptions& options) {
  while (next_id_ == 0 || by_id_.contains(next_id_)) ++next_id_;
  auto made = std::make_shared<Subscription>(model::SubscriptionId{next_id_}, queue, options);
  by_id_.emplace(next_id_++, made);
  if (ready_) subscribe(*made);
  return made;
}

std::shared_ptr<Subscription> Subscriptions::find(model::SubscriptionId id) const {
  const auto found = by_id_.find(static_cast<std::uint32_t>(id));
  return found == by_id_.end() ? nullptr : found->second;
}

void Subscriptions::subscribe(Subscription& of) {
  of.told = of.returning ? 0 : of.read_ahead.window(of.open);
  const model::Subscribe subscribe{of.id, of.queue, of.group, of.told, tells_begun_ ? of.concurrency : 0};
  wire::encode(control_.emplace_back(), subscribe);
}

void Subscriptions::set_credit(Subscription& of, std::uint32_t credit) {
  of.read_ahead.set_credit(credit);
  tell_credit(of);
}

void Subscriptions::tell_credit(Subscription& of) {
  if (!ready_ || of.phase != Subscription::Phase::live) return;
  if (of.returning && of.told > 0) return send_credit(of, 0);
  const auto credit = of.returning ? std::nullopt : of.read_ahead.change(of.open, of.told);
  if (credit) send_credit(of, *credit);
}

void Subscriptions::send_credit(Subscription& of, std::uint32_t credit) {
  of.told = credit;
  wire::encode(control_.emplace_back(), wire::Credit{of.id, credit});
}

void Subscriptions::give_back(const std::shared_ptr<Subscription>& of) {
  of->returning = true;
  tell_credit(*of);
  if (ready_) release_buffer(of);
}

void Subscriptions::resume(Subscription& of) {
  of.returning = false;
  tell_credit(of);
}

void Subscriptions::begin_end(const std::shared_ptr<Subscription>& of, std::uint32_t pong) {
  if (of->phase == Subscription::Phase::ending || of->phase == Subscription::Phase::ended) return;
  of->closed = true;
  if (!ready_) {
    finish(*of, std::nullopt);
    return;
  }
  if (!of->acks.empty()) send_acks(of);
  tell_begun(*of);
  wire::encode(control_.emplace_back(), wire::Credit{of->id, 0});
  of->phase = Subscription::Phase::ending;
  of->end_pong = pong;
  of->arrived.notify_all();
}

void Subscriptions::end_all(std::uint32_t pong) {
  std::vector<std::shared_ptr<Subscription>> all;
  for (const auto& [id, of] : by_id_) all.push_back(of);
  for (const auto& of : all) begin_end(of, pong);
}

void Subscriptions::ponged(std::uint32_t pongs) {
  std::vector<std::shared_ptr<Subscription>> over;
  for (const auto& [id, of] : by_id_) {
    if (of->phase == Subscription::Phase::ending && of->end_pong <= pongs) over.push_back(of);
  }
  for (const auto& of : over) {
    release_buffer(of);
    wire::encode_unsubscribe(control_.emplace_back(), of->id);
    finish(*of, std::nullopt);
  }
}

void Subscriptions::release_buffer(const std::shared_ptr<Subscription>& of) {
  RangeList ranges;
  for (const ReceivedRun& run : of->buffer) ranges.add(run.run.first_sequence, run.run.count, run.run.delivery);
  of->buffer.clear();
  if (!ranges.empty()) release(of, ranges);
}

std::uint64_t Subscriptions::take(const std::shared_ptr<Subscription>& of, std::uint64_t max, Clock::time_point now,
                                  std::vector<ReceivedRun>& out) {
  std::uint64_t taken = 0;
  RangeList late;
  const std::size_t before = out.size();
  while (!of->buffer.empty() && taken < max) {
    ReceivedRun& front = of->buffer.front();
    if (now >= lease_end(*of, front)) {
      late.add(front.run.first_sequence, front.run.count, front.run.delivery);
      of->buffer.pop_front();
    } else if (front.run.count > max - taken) {
      out.push_back(front.cut(static_cast<std::uint32_t>(max - taken)));
      taken = max;
      if (front.run.count == 0) of->buffer.pop_front();
    } else {
      taken += front.run.count;
      out.push_back(std::move(front));
      of->buffer.pop_front();
    }
  }
  if (!late.empty() && ready_) release(of, late);
  if (taken > 0) begin(*of, out, before, now);
  if (taken > 0) of->read_ahead.took(taken, now);
  tell_credit(*of);
  return taken;
}

bool Subscriptions::asked(Subscription& of, std::size_t messages) {
  const std::uint32_t told = of.told;
  of.read_ahead.asked(messages);
  tell_credit(of);
  return of.told > told;
}

void Subscriptions::begin(Subscription& of, const std::vector<ReceivedRun>& runs, std::size_t from, Clock::time_point now) {
  for (std::size_t i = from; i < runs.size(); ++i) {
    of.begun.add(runs[i].run.first_sequence, runs[i].run.count, runs[i].run.delivery);
    of.open += runs[i].run.count;
  }
  if (of.begun_due != Clock::time_point::max()) return;
  of.begun_due = now + begun_pause;
  tick_wanted_ = std::min(tick_wanted_, of.begun_due);
}

void Subscriptions::closed(Subscription& of, std::uint64_t messages) {
  of.open -= std::min(of.open, messages);
  if (of.open == 0) of.begun.clear();
}

void Subscriptions::tell_begun(Subscription& of) {
  of.begun_due = Clock::time_point::max();
  if (of.begun.empty() || !ready_) return;
  if (!tells_begun_) return of.begun.clear();
  std::vector<model::SettleRange> left = of.begun.take();
  while (!left.empty()) wire::encode(control_.emplace_back(), model::Begun{of.id, boot_epoch_, take_frame(left)});
}

// The newest go back: the oldest are next.
void Subscriptions::recalled(const model::Recall& recall) {
  const std::shared_ptr<Subscription> of = find(recall.subscription);
  if (!of || !ready_) return;
  RangeList ranges;
  while (!of->buffer.empty() && ranges.messages() < recall.count) {
    ReceivedRun& last = of->buffer.back();
    const std::uint64_t wanted = recall.count - ranges.messages();
    if (last.run.count <= wanted) {
      ranges.add(last.run.first_sequence, last.run.count, last.run.delivery);
      of->buffer.pop_back();
      continue;
    }
    ReceivedRun kept = last.cut(last.run.count - static_cast<std::uint32_t>(wanted));
    ranges.add(last.run.first_sequence, last.run.count, last.run.delivery);
    last = std::move(kept);
  }
  if (ranges.empty()) return;
  of->read_ahead.gave_back(ranges.messages());
  if (of->phase == Subscription::Phase::live) send_credit(*of, of->read_ahead.window(of->open));
  release(of, ranges);
}

void Subscriptions::ready(std::uint64_t boot_epoch, bool tells_begun, Clock::time_point now) {
  tells_begun_ = tells_begun;
  ready_ = true;
  boot_epoch_ = boot_epoch;
  for (const auto& [id, of] : by_id_) {
    of->renewed = now;
    subscribe(*of);
  }
}

void Subscriptions::session_lost(const Error& error) {
  ready_ = false;
  control_.clear();
  for (const auto& of : acking_) of->acks_listed = false;
  acking_.clear();
  for (auto& [request, pending] : std::exchange(pending_, {})) fail(pending, error);
  std::vector<std::shared_ptr<Subscription>> all;
  for (const auto& [id, of] : by_id_) all.push_back(of);
  for (const auto& of : all) {
    lose_acks(*of, error);
    of->buffer.clear();
    of->received = false;
    of->open = 0;
    of->begun.clear();
    of->begun_due = of->acks_due = Clock::time_point::max();
    if (of->phase == Subscription::Phase::ending) {
      finish(*of, std::nullopt);
    } else {
      of->phase = Subscription::Phase::opening;
    }
  }
}

void Subscriptions::abandon(const Error& error) {
  session_lost(error);
  while (!by_id_.empty()) {
    const std::shared_ptr<Subscription> of = by_id_.begin()->second;
    finish(*of, error);
  }
}

void Subscriptions::finish(Subscription& of, std::optional<Error> why) {
  lose_acks(of, why ? *why : closed_error());
  of.phase = Subscription::Phase::ended;
  of.end = std::move(why);
  of.buffer.clear();
  of.received = false;
  of.arrived.notify_all();
  of.settled.notify_all();
  by_id_.erase(static_cast<std::uint32_t>(of.id));
}

void Subscriptions::subscribed(const model::Subscribed& answer, Clock::time_point now) {
  const std::shared_ptr<Subscription> of = find(answer.subscription);
  if (!of || of->phase != Subscription::Phase::opening) return;
  if (answer.error.code != Errc::ok) {
    finish(*of, answer.error);
    return;
  }
  of->phase = Subscription::Phase::live;
  of->visibility_timeout = Duration{answer.visibility_timeout_ms};
  of->renewed = now;
  tell_credit(*of);  // it may have changed, or have been given back, since the subscribe left
  of->arrived.notify_all();
}

bool Subscriptions::deliver(model::SubscriptionId id, std::string_view runs, const std::shared_ptr<const void>& owner,
                            Clock::time_point now) {
  const std::shared_ptr<Subscription> of = find(id);
  if (!of) return true;
  while (!runs.empty()) {
    ReceivedRun received{owner, {}, boot_epoch_, now};
    if (!format::split_run(runs, received.run)) return false;
    if (received.run.count == 0 || received.run.count > received.run.records.size() / format::record_header_bytes) return false;
    of->received = true;
    of->buffer.push_back(std::move(received));
  }
  if (of->returning) release_buffer(of);
  of->arrived.notify_all();
  return true;
}

void Subscriptions::ended(const model::SubscriptionEnded& ended) {
  if (const std::shared_ptr<Subscription> of = find(ended.subscription)) finish(*of, ended.error);
}

bool Subscriptions::next_frame(std::string& out) {
  while (control_.empty()) {
    if (acking_.empty()) return false;
    const std::shared_ptr<Subscription> of = std::move(acking_.front());
    acking_.pop_front();
    of->acks_listed = false;
    if (!of->acks.empty()) send_acks(of);
  }
  out = std::move(control_.front());
  control_.pop_front();
  return true;
}

Clock::time_point Subscriptions::tick(Clock::time_point now) {
  Clock::time_point next = Clock::time_point::max();
  tick_wanted_ = next;
  if (!ready_) return next;
  for (const auto& [id, of] : by_id_) {
    if (of->phase != Subscription::Phase::live) continue;
    if (now >= of->begun_due) tell_begun(*of);
    if (now >= of->acks_due) {
      of->acks_due = Clock::time_point::max();
      list_acks(of);
    }
    next = std::min({next, of->begun_due, of->acks_due, keep_alive(*of, now)});
  }
  return next;
}

// A session that holds messages and is silent for a whole lease counts as dead, so a word is due also where leases are not renewed.
Clock::time_point Subscriptions::keep_alive(Subscription& of, Clock::time_point now) {
  const Duration interval = std::max(Duration{1}, of.visibility_timeout / renewals_per_timeout);
  if (now < of.renewed + interval) return of.renewed + interval;
  of.renewed = now;
  if (of.received && of.renew) wire::encode_renew(control_.emplace_back(), of.id);
  if (of.received && !of.renew && tells_begun_) wire::encode(control_.emplace_back(), model::Begun{of.id, boot_epoch_, {}});
  if (of.received && !of.renew && !tells_begun_) send_credit(of, of.told);  // any word will do
  return now + interval;
}

}  // namespace ackwire::client
