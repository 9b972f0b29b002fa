// The verbs of a consumer.
#include "ackwire/limits.hpp"
#include "client/connection_core.hpp"
#include "client/refusals.hpp"
#include "client/subscriber.hpp"
#include "client/verb_checks.hpp"

namespace ackwire {

using client::Clock;
using client::RangeList;
using Phase = client::Subscription::Phase;

namespace {

/// A call that asks for more than any before waits so long for all of it.
constexpr Duration first_look{20};

Error consumer_closed() {
  return {Errc::closed,
          "The consumer is closed. What it had received and not settled goes back to its group. Make a new one with consume()."};
}

model::Settle settle_of(const Settlement& how) {
  model::Settle settle;
  settle.kind = how.kind;
  settle.text = how.text;
  if (how.duration) settle.duration_ms = how.duration->count();
  return settle;
}

/// Deliveries by what is known of them.
struct Sorted {
  Settled known;                        // settled here before
  RangeList ranges;                     // of the present boot epoch
  std::vector<std::uint64_t> outlived;  // their leases ended with an earlier life of the broker
};

Sorted tell_apart(std::span<const Delivery> deliveries, model::SettleKind kind, const client::Outcomes& outcomes,
                  std::uint64_t epoch) {
  Sorted sorted;
  for (const Delivery& delivery : deliveries) {
    const LeaseToken& token = delivery.lease_token();
    if (const auto known = outcomes.find(token.boot_epoch, token.sequence, token.delivery)) {
      if (!known->stale && known->kind == kind) {
        ++sorted.known.applied;
      } else {
        sorted.known.stale.push_back(token.sequence);
      }
    } else if (token.boot_epoch == epoch) {
      sorted.ranges.add(token.sequence, token.delivery);
    } else {
      sorted.outlived.push_back(token.sequence);
    }
  }
  return sorted;
}

}  // namespace

Result<std::shared_ptr<backend::Subscription>> ConnectionCore::subscribe(std::string_view queue, const ConsumerOptions& options,
                                                                         const Wait& wait) {
  Result<Subscribed> of = join(queue, options, wait);
  if (!of) return std::move(of).error();
  return std::shared_ptr<backend::Subscription>(std::make_shared<client::Subscriber>(shared_from_this(), *std::move(of)));
}

Result<ConnectionCore::Subscribed> ConnectionCore::join(std::string_view queue, const ConsumerOptions& options, const Wait& wait) {
  if (Status status = usable(); !status) return status.error();
  if (Status status = client::check_name_size("queue", queue); !status) return status.error();
  if (Status status = client::check_name_size("group", options.group); !status) return status.error();
  if (options.credit == 0 || options.credit > limits::credit) {
    return Error{Errc::out_of_range, "A credit of " + std::to_string(options.credit) + " is outside 1 to " +
                                         std::to_string(limits::credit) + " messages. Nothing was sent."};
  }
  if (options.concurrency == 0 || options.concurrency > limits::credit) {
    return Error{Errc::out_of_range, "A concurrency of " + std::to_string(options.concurrency) + " is outside 1 to " +
                                         std::to_string(limits::credit) + " messages. Nothing was sent."};
  }
  Lock lock(gate_->mutex);
  if (Status status = open_locked(); !status) return status.error();
  const Subscribed of = subscriptions_.open(queue, options);
  wake(lock);
  lock.lock();
  if (!wait.on(of->arrived, lock, [&] { return of->phase != Phase::opening; })) {
    subscriptions_.begin_end(of, session_.ask_pong());
    const std::string trouble = gate_->reach.describe(Clock::now());
    wake(lock);
    return client::timeout_error("The consumer", wait.passed(), trouble, "Nothing was received. Try again when connected.");
  }
  if (of->phase == Phase::live) return of;
  return of->end ? *of->end : client::closed_error();
}

Result<std::vector<Delivery>> ConnectionCore::receive(const Subscribed& of, std::size_t max, const Wait& wait) {
  if (Status status = usable(); !status) return status.error();
  std::vector<Delivery> deliveries;
  if (max == 0) return deliveries;
  std::vector<client::ReceivedRun> runs;
  Lock lock(gate_->mutex);
  const std::uint64_t interrupts = of->interrupts;
  if (of->returning && !of->closed && of->phase != Phase::ended) subscriptions_.resume(*of);
  const bool more_to_come = subscriptions_.asked(*of, max);
  if (can_send()) {
    wake(lock);
    lock.lock();
  }
  const auto over = [&] { return of->closed || of->phase == Phase::ended || of->interrupts != interrupts; };
  // The first call that asks for so many: what its credit brings is on its way.
  if (more_to_come) wait.at_most(first_look).on(of->arrived, lock, [&] { return of->buffered() >= max || over(); });
  while (true) {
    if (of->closed) return consumer_closed();
    if (of->phase == Phase::ended) return of->end ? *of->end : consumer_closed();
    if (!of->buffer.empty()) {
      const bool taken = subscriptions_.take(of, max, Clock::now(), runs) > 0;
      wake(lock);  // for what was too late and goes back
      if (taken && hand_out(of, runs, deliveries)) return deliveries;
      lock.lock();
      if (taken || !of->buffer.empty()) continue;
    }
    if (of->interrupts != interrupts) return deliveries;
    if (!wait.on(of->arrived, lock, [&] { return !of->buffer.empty() || over(); })) return deliveries;
  }
}

bool ConnectionCore::hand_out(const Subscribed& of, std::vector<client::ReceivedRun>& runs, std::vector<Delivery>& deliveries) {
  RangeList damaged;
  const std::uint64_t epoch = runs.front().boot_epoch;
  for (const client::ReceivedRun& run : runs) client::make_deliveries(run, deliveries, damaged);
  runs.clear();
  if (!damaged.empty()) nack_damaged(of, damaged, epoch);
  return !deliveries.empty();
}

void ConnectionCore::nack_damaged(const Subscribed& of, RangeList& damaged, std::uint64_t boot_epoch) {
  Lock lock(gate_->mutex);
  of->damaged += damaged.messages();
  if (!session_.ready() || boot_epoch != session_.boot_epoch() || of->phase == Phase::ended) return;
  model::Settle settle;
  settle.kind = model::SettleKind::nack;
  settle.boot_epoch = boot_epoch;
  settle.text = "The record failed its checksum at the consumer: it was damaged on the way or in the store. It was not handed out.";
  subscriptions_.closed(*of, damaged.messages());
  settle.ranges = damaged.take();
  subscriptions_.settle(of, settle, nullptr);
  wake(lock);
}

Result<Settled> ConnectionCore::settle(const Subscribed& of, std::span<const Delivery> deliveries, const Settlement& how,
                                       const Wait& wait) {
  if (Status status = usable(); !status) return status.error();
  model::Settle settle = settle_of(how);
  Lock lock(gate_->mutex);
  settle.boot_epoch = session_.boot_epoch();
  Sorted sorted = tell_apart(deliveries, settle.kind, of->outcomes, settle.boot_epoch);
  client::SettleWait call;
  call.result = std::move(sorted.known);
  // What became of a settle stays true when the consumer or the connection has gone.
  if (!deliveries.empty() && sorted.ranges.empty() && sorted.outlived.empty()) return std::move(call.result);
  if (Status status = open_locked(); !status) return status.error();
  if (of->closed) return consumer_closed();
  if (of->phase == Phase::ended) return of->end ? *of->end : consumer_closed();
  if (!session_.ready()) return client::not_connected_error("the settle", gate_->reach.describe(Clock::now()));
  call.result.stale.insert(call.result.stale.end(), sorted.outlived.begin(), sorted.outlived.end());
  if (sorted.ranges.empty()) return std::move(call.result);
  if (settle.kind != model::SettleKind::extend) subscriptions_.closed(*of, sorted.ranges.messages());
  settle.ranges = sorted.ranges.take();
  subscriptions_.settle(of, settle, &call);
  wake(lock);
  lock.lock();
  if (!wait.on(of->settled, lock, [&] { return call.open == 0; })) {
    subscriptions_.forget(call);
    return client::timeout_error("A settle", wait.passed(), gate_->reach.describe(Clock::now()),
                                 "It may or may not have been applied; what was not is delivered again after its lease.");
  }
  if (call.error) return *std::move(call.error);
  return std::move(call.result);
}

void ConnectionCore::ack_async(const Subscribed& of, std::span<const Delivery> deliveries) {
  if (!usable()) return;
  Lock lock(gate_->mutex);
  const bool possible = session_.ready() && !of->closed && of->phase != Phase::ended;
  const std::uint64_t epoch = session_.boot_epoch();
  for (const Delivery& delivery : deliveries) {
    const LeaseToken& token = delivery.lease_token();
    const auto known = of->outcomes.find(token.boot_epoch, token.sequence, token.delivery);
    if (known && !known->stale && known->kind == model::SettleKind::ack) continue;  // a repeat
    if (!known && possible && token.boot_epoch == epoch) {
      subscriptions_.ack_later(of, token.sequence, token.delivery);
    } else {
      ++of->acks_issued;
      ++of->acks_answered;
      ++of->acks_stale;
    }
  }
  subscriptions_.list_acks(of);
  wake(lock);
}

Status ConnectionCore::flush_acks(const Subscribed& of, const Wait& wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  const std::uint64_t issued = of->acks_issued;
  if (!wait.on(of->settled, lock, [&] { return of->acks_answered >= issued; })) {
    return client::timeout_error(std::to_string(issued - of->acks_answered) + " acks", wait.passed(),
                                 gate_->reach.describe(Clock::now()),
                                 "They are under way; flush again. What is not acked in the end is delivered again.");
  }
  if (std::optional<Error> error = std::exchange(of->acks_error, std::nullopt)) return *std::move(error);
  return {};
}

std::uint64_t ConnectionCore::stale_acks(const Subscribed& of) const {
  if (gate_->forked()) return 0;
  const std::lock_guard lock(gate_->mutex);
  return of->acks_stale;
}

std::uint64_t ConnectionCore::damaged_records(const Subscribed& of) const {
  if (gate_->forked()) return 0;
  const std::lock_guard lock(gate_->mutex);
  return of->damaged;
}

Status ConnectionCore::set_credit(const Subscribed& of, std::uint32_t credit) {
  if (Status status = usable(); !status) return status;
  if (credit > limits::credit) {
    return Error{Errc::out_of_range, "A credit of " + std::to_string(credit) + " is over " + std::to_string(limits::credit) +
                                         " messages. The credit is as it was."};
  }
  Lock lock(gate_->mutex);
  if (Status status = open_locked(); !status) return status;
  if (of->closed || of->phase == Phase::ended) return of->end ? *of->end : consumer_closed();
  subscriptions_.set_credit(*of, credit);
  wake(lock);
  return {};
}

Status ConnectionCore::give_back(const Subscribed& of) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  if (Status status = open_locked(); !status) return status;
  if (of->closed || of->phase == Phase::ended) return of->end ? *of->end : consumer_closed();
  subscriptions_.give_back(of);
  wake(lock);
  return {};
}

void ConnectionCore::interrupt(const Subscribed& of) {
  if (gate_->forked()) return;
  const std::lock_guard lock(gate_->mutex);
  ++of->interrupts;
  of->arrived.notify_all();
}

void ConnectionCore::unsubscribe(const Subscribed& of, const Wait& wait) {
  if (gate_->forked()) return;
  Lock lock(gate_->mutex);
  if (of->phase == Phase::ended) {
    of->closed = true;
    return;
  }
  subscriptions_.begin_end(of, session_.ask_pong());
  wake(lock);
  if (client::inside_callback()) return;
  lock.lock();
  wait.on(of->settled, lock, [&] { return of->phase == Phase::ended; });
}

}  // namespace ackwire
