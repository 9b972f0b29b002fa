// The verbs of a consumer.
#include "ackwire/limits.hpp"
#include "client/connection_core.hpp"
#include "client/refusals.hpp"
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

Result<ConnectionCore::Subscribed> ConnectionCore::subscribe(std::string_view queue, const ConsumerOptions& options) {
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
  const bool decided =
      of->arrived.wait_until(lock, client::deadline_after(options_.call_timeout), [&] { return of->phase != Phase::opening; });
  if (!decided) {
    subscriptions_.begin_end(of, session_.ask_pong());
    const std::string trouble = gate_->reach.describe(Clock::now());
    wake(lock);
    return client::timeout_error("The consumer", options_.call_timeout, trouble, "Nothing was received. Try again when connected.");
  }
  if (of->phase == Phase::live) return of;
  return of->end ? *of->end : client::closed_error();
}

Result<std::vector<Delivery>> ConnectionCore::receive(const Subscribed& of, std::size_t max, Duration wait) {
  if (Status status = usable(); !status) return status.error();
  const Clock::time_point deadline = client::deadline_after(wait);
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
  if (more_to_come) {
    // The first call that asks for so many: what its credit brings is on its way.
    const Clock::time_point look = std::min(deadline, Clock::now() + first_look);
    of->arrived.wait_until(lock, look, [&] {
      return of->buffered() >= max || of->closed || of->phase == Phase::ended || of->interrupts != interrupts;
    });
  }
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
    if (of->arrived.wait_until(lock, deadline) == std::cv_status::timeout && of->buffer.empty()) return deliveries;
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

Result<Settled> ConnectionCore::settle(const Subscribed& of, std::span<const Delivery> deliveries, model::Settle settle) {
  if (Status status = usable(); !status) return status.error();
  Lock lock(gate_->mutex);
  settle.boot_epoch = session_.boot_epoch();
  Sorted sorted = tell_apart(deliveries, settle.kind, of->outcomes, settle.boot_epoch);
  client::SettleWait wait;
  wait.result = std::move(sorted.known);
  // What became of a settle stays true when the consumer or the connection has gone.
  if (!deliveries.empty() && sorted.ranges.empty() && sorted.outlived.empty()) return std::move(wait.result);
  if (Status status = open_locked(); !status) return status.error();
  if (of->closed) return consumer_closed();
  if (of->phase == Phase::ended) return of->end ? *of->end : consumer_closed();
  if (!session_.ready()) return client::not_connected_error("the settle", gate_->reach.describe(Clock::now()));
  wait.result.stale.insert(wait.result.stale.end(), sorted.outlived.begin(), sorted.outlived.end());
  if (sorted.ranges.empty()) return std::move(wait.result);
  if (settle.kind != model::SettleKind::extend) subscriptions_.closed(*of, sorted.ranges.messages());
  settle.ranges = sorted.ranges.take();
  subscriptions_.settle(of, settle, &wait);
  wake(lock);
  lock.lock();
  const bool done = of->settled.wait_until(lock, client::deadline_after(options_.call_timeout), [&] { return wait.open == 0; });
  if (!done) {
    subscriptions_.forget(wait);
    return client::timeout_error("A settle", options_.call_timeout, gate_->reach.describe(Clock::now()),
                                 "It may or may not have been applied; what was not is delivered again after its lease.");
  }
  if (wait.error) return *std::move(wait.error);
  return std::move(wait.result);
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

Status ConnectionCore::flush_acks(const Subscribed& of, Duration wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  const std::uint64_t issued = of->acks_issued;
  if (!of->settled.wait_until(lock, client::deadline_after(wait), [&] { return of->acks_answered >= issued; })) {
    return client::timeout_error(std::to_string(issued - of->acks_answered) + " acks", wait, gate_->reach.describe(Clock::now()),
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

void ConnectionCore::unsubscribe(const Subscribed& of, Duration wait) {
  if (gate_->forked()) return;
  Lock lock(gate_->mutex);
  if (of->phase == Phase::ended) {
    of->closed = true;
    return;
  }
  subscriptions_.begin_end(of, session_.ask_pong());
  wake(lock);
  if (wait <= Duration{0} || client::inside_callback()) return;
  lock.lock();
  of->settled.wait_until(lock, client::deadline_after(wait), [&] { return of->phase == Phase::ended; });
}

}  // namespace ackwire
