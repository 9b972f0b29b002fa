#include <algorithm>

#include "client.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "world.hpp"

namespace ackwire::simulator {
namespace {

constexpr Duration answer_timeout{500};
constexpr unsigned settle_tries = 4;

}  // namespace

Consumer::Consumer(World& world, std::string queue, std::string group)
    : Client(world), queue_(std::move(queue)), group_(std::move(group)) {}

void Consumer::on_connected() {
  boot_epoch_ = world_.broker().boot_epoch();
  subscribe();
}

void Consumer::on_disconnected() {
  subscribed_ = false;
  acks_.clear();
  pending_.clear();
}

void Consumer::subscribe() {
  subscription_ = SubscriptionId{next_subscription_++};
  subscribed_ = false;
  const auto credit = static_cast<std::uint32_t>(world_.random.between(1, 40));
  concurrency_ = static_cast<std::uint32_t>(world_.random.between(0, 3));
  send(SubscribeCommand{subscription_, queue_, group_, credit, concurrency_});
  watch_subscription(subscription_);
  if (world_.mix.renew_leases) renew(subscription_);
  beat(subscription_);
}

// A heartbeat: a consumer whose lease ran out is given nothing before it says something.
void Consumer::beat(SubscriptionId subscription) {
  later(Duration{world_.random.between(500, 2'000)}, [this, subscription] {
    if (subscription_ != subscription) return;
    send(BegunCommand{{subscription, boot_epoch_, {}}});
    beat(subscription);
  });
}

void Consumer::watch_subscription(SubscriptionId subscription) {
  later(answer_timeout, [this, subscription] {
    if (subscribed_ || subscription_ != subscription) return;
    send(UnsubscribeCommand{subscription});  // it may be there although its answer was lost
    subscribe();
  });
}

void Consumer::renew(SubscriptionId subscription) {
  later(Duration{world_.random.between(50, 400)}, [this, subscription] {
    if (subscription_ != subscription || world_.healed) return;
    if (subscribed_) send(RenewCommand{subscription});
    renew(subscription);
  });
}

// After healing every consumer begins anew: whatever it held comes back.
void Consumer::healed() {
  if (connected()) world_.cut(*this);
}

void Consumer::misbehave() {
  if (!connected() || !subscribed_) return;
  if (world_.random.chance(100)) send(CreditCommand{subscription_, static_cast<std::uint32_t>(world_.random.between(0, 60))});
  if (world_.random.chance(50)) {
    send(UnsubscribeCommand{subscription_});
    subscribe();
  }
}

void Consumer::received(const model::Effect& effect) {
  if (const auto* answer = std::get_if<model::Subscribed>(&effect.what)) {
    if (answer->subscription == subscription_ && (answer->error.code == Errc::ok || answer->error.code == Errc::request_reused))
      subscribed_ = true;
  } else if (const auto* deliver = std::get_if<model::Deliver>(&effect.what)) {
    handle(*deliver);
  } else if (const auto* result = std::get_if<model::SettleResult>(&effect.what)) {
    pending_.erase(result->request);
  }
}

void Consumer::handle(const model::Deliver& deliver) {
  if (deliver.subscription != subscription_) return;  // of one that was given up
  std::string_view rest = deliver.runs;
  format::Run run;
  while (format::split_run(rest, run)) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      const Held held{run.first_sequence + i, run.delivery};
      later(Duration{world_.random.between(0, 60)}, [this, held] { begin_one(held); });
    }
  }
}

// Its mark leaves a little later than the work begins, or never when the consumer is gone by then.
void Consumer::begin_one(const Held& held) {
  if (concurrency_ > 0 && world_.random.chance(500)) {
    const model::Begun begun{subscription_, boot_epoch_, {{held.sequence, 1, held.delivery}}};
    later(Duration{world_.random.between(0, 20)}, [this, begun] { send(BegunCommand{begun}); });
  }
  later(Duration{world_.random.between(0, 30)}, [this, held] { handle_one(held); });
}

void Consumer::handle_one(const Held& held) {
  using model::SettleKind;
  const Mix& mix = world_.mix;
  Random& random = world_.random;
  const std::string text = "failure " + std::to_string(random.below(1'000'000));
  if (world_.healed) return ack_soon(held);
  if (random.chance(mix.consumer_nack))
    return settle(SettleKind::nack, {held}, random.chance(500) ? -1 : random.between(0, 2'000), text);
  if (random.chance(mix.consumer_reject)) return settle(SettleKind::reject, {held}, -1, text);
  if (random.chance(mix.consumer_release)) return settle(SettleKind::release, {held}, -1, {});
  if (random.chance(mix.consumer_extend)) {
    settle(SettleKind::extend, {held}, random.between(100, 2'000), {});
    return later(Duration{random.between(50, 1'500)}, [this, held] { ack_soon(held); });
  }
  if (random.chance(mix.consumer_stall)) {  // longer than its lease: the token is stale by then
    return later(Duration{random.between(500, 6'000)}, [this, held] { ack_soon(held); });
  }
  ack_soon(held);
}

void Consumer::ack_soon(const Held& held) {
  acks_.push_back(held);
  if (acks_.size() == 1) later(Duration{world_.random.between(0, 20)}, [this] { flush_acks(); });
}

void Consumer::flush_acks() {
  if (!acks_.empty()) settle(model::SettleKind::ack, std::exchange(acks_, {}), -1, {});
}

void Consumer::settle(model::SettleKind kind, std::vector<Held> messages, std::int64_t duration_ms, std::string text) {
  std::sort(messages.begin(), messages.end(), [](const Held& a, const Held& b) { return a.sequence < b.sequence; });
  Pending pending;
  model::Settle& settle = pending.command.settle;
  settle.subscription = subscription_;
  settle.request = next_request_++;
  settle.kind = kind;
  settle.boot_epoch = boot_epoch_;
  settle.duration_ms = duration_ms;
  for (const Held& held : messages) {
    auto& ranges = settle.ranges;
    const bool joins = !ranges.empty() && ranges.back().delivery == held.delivery &&
                       ranges.back().first_sequence + ranges.back().count == held.sequence;
    if (joins) {
      ++ranges.back().count;
    } else if (ranges.empty() || ranges.back().first_sequence + ranges.back().count <= held.sequence) {
      ranges.push_back({held.sequence, 1, held.delivery});
    }  // the same message twice: the network repeated its delivery
  }
  pending.command.text = std::move(text);
  const std::uint32_t request = settle.request;
  pending_[request] = std::move(pending);
  repeat(request);
}

void Consumer::repeat(std::uint32_t request) {
  const auto found = pending_.find(request);
  if (found == pending_.end()) return;
  if (found->second.tries++ == settle_tries) {
    pending_.erase(found);
    return;
  }
  send(found->second.command);
  later(answer_timeout, [this, request] { repeat(request); });
}

}  // namespace ackwire::simulator
