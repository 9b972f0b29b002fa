// Subscriptions: who consumes what, with how much credit.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

Error bad_credit(std::uint32_t credit) {
  return {Errc::out_of_range, "Credit " + std::to_string(credit) + " is outside 0 to " + std::to_string(limits::credit) +
                                  " messages. Nothing was subscribed. Choose one inside."};
}

}  // namespace

void Engine::State::subscribe(SessionId session, const model::Subscribe& subscribe) {
  model::Subscribed answer{subscribe.subscription, 0, {Errc::ok, {}}};
  const auto refuse = [&](Error error) {
    answer.error = std::move(error);
    turn.effect(session, std::move(answer));
  };
  if (subscribe.subscription == SubscriptionId{0})
    return refuse({Errc::invalid_argument, "Subscription 0 is not allowed. Nothing was subscribed. Choose another number."});
  if (consumers.find(session, subscribe.subscription)) {
    return refuse({Errc::request_reused, "The session has a subscription " +
                                             std::to_string(static_cast<std::uint32_t>(subscribe.subscription)) +
                                             " already, which goes on. Nothing was subscribed. Choose another number."});
  }
  if (subscribe.credit > limits::credit) return refuse(bad_credit(subscribe.credit));
  if (subscribe.concurrency > limits::credit) {
    return refuse({Errc::out_of_range, "Concurrency " + std::to_string(subscribe.concurrency) + " is outside 0 to " +
                                           std::to_string(limits::credit) +
                                           " messages. Nothing was subscribed. Declare a smaller one."});
  }
  if (consumers.count(session) >= limits::consumers_per_connection) {
    return refuse(
        {Errc::overloaded, "A connection has at most " + std::to_string(limits::consumers_per_connection) +
                               " consumers, and this one has them. Nothing was subscribed. Close some, or open another."});
  }
  Queue* queue = find_queue(subscribe.queue);
  if (!queue) return refuse(no_queue(subscribe.queue, "Nothing was subscribed."));
  Group* group = queue->find_group(subscribe.group);
  if (!group) return refuse(no_group(queue->row.name, subscribe.group, "Nothing was subscribed."));
  auto subscription = std::make_unique<Subscription>();
  subscription->index = consumers.next_index++;
  subscription->session = session;
  subscription->id = subscribe.subscription;
  subscription->queue = queue->id;
  subscription->group = group->id;
  subscription->credit = subscribe.credit;
  subscription->concurrency = subscribe.concurrency;
  auto& listener = consumers.listeners[session];
  if (!listener) listener = std::make_unique<Listener>();
  subscription->listener = listener.get();
  heard(session);
  answer_subscribe(*subscription);
  attach(*group, std::move(subscription));
}

void Engine::State::attach(Group& group, std::unique_ptr<Subscription> subscription) {
  group.concurrency += subscription->presumed();
  group.concurrency_dirty = true;
  group.consumers.push_back(subscription.get());
  consumers.by_index[subscription->index] = subscription.get();
  const SubscriptionKey key{subscription->session, subscription->id};
  consumers.subscriptions[key] = std::move(subscription);
}

void Engine::State::answer_subscribe(const Subscription& subscription) {
  consumers.unanswered.push_back(subscription.index);
  const auto timeout = static_cast<std::uint32_t>(queues.at(subscription.queue).row.policy.visibility_timeout.count());
  turn.effect(subscription.session, model::Subscribed{subscription.id, timeout, {Errc::ok, {}}});
}

void Engine::State::end_subscription(Subscription& subscription, Return why, const char* text) {
  Group& group = queue_of(subscription).groups.at(subscription.group);
  std::erase(group.consumers, &subscription);
  group.concurrency -= subscription.presumed();
  group.concurrency_dirty = true;
  if (subscription.in_flight > 0) group.returning.push_back({subscription.index, why, text});
  consumers.by_index.erase(subscription.index);
  consumers.subscriptions.erase({subscription.session, subscription.id});
}

void Engine::State::unsubscribe(SessionId session, SubscriptionId id) {
  heard(session);
  Subscription* subscription = consumers.find(session, id);
  if (!subscription) return;
  if (subscription->concurrency == 0) presume_begun(*subscription);
  end_subscription(*subscription, Return::lease_end, "the consumer unsubscribed while it held the message");
}

void Engine::State::set_credit(SessionId session, SubscriptionId id, std::uint32_t credit) {
  heard(session);
  Subscription* subscription = consumers.find(session, id);
  if (!subscription) return;
  subscription->credit = std::min(credit, limits::credit);
  queue_of(*subscription);
}

void Engine::State::hold(SessionId session, bool held) {
  const auto it = consumers.listeners.find(session);
  if (it == consumers.listeners.end()) return;
  it->second->held = held;
  if (!held) touch_queues_of(session);
}

void Engine::State::end_session(SessionId session) {
  consumers.of(session, [this](Subscription& subscription) {
    presume_begun(subscription);
    end_subscription(subscription, Return::lease_end, "the consumer disconnected while it held the message");
  });
  consumers.listeners.erase(session);
}

void Engine::State::undeliverable(SessionId session, const model::Deliver& deliver) {
  Subscription* subscription = consumers.find(session, deliver.subscription);
  if (!subscription) return;
  Queue& queue = queue_of(*subscription);
  Group& group = queue.groups.at(subscription->group);
  std::string_view rest = deliver.runs;
  format::Run run;
  while (format::split_run(rest, run)) {
    for (std::uint64_t sequence = run.first_sequence; sequence < run.first_sequence + run.count; ++sequence) {
      WindowBlock* block = group.block_of(sequence);
      if (block && block->slots[sequence - block->base].holder == subscription->index) {
        end_lease_of_slot(queue, group, *block, static_cast<std::uint32_t>(sequence - block->base), Return::release, "");
      } else if (const auto it = group.retry_leases.find(sequence); it != group.retry_leases.end() &&
                                                                    it->second.holder == subscription->index &&
                                                                    it->second.delivery == run.delivery) {
        end_lease_of_retry(queue, group, sequence, Return::release, "");
      }
    }
  }
}

}  // namespace ackwire::engine
