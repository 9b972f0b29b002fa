// I5 ack durable, I6 fenced, I7 attempts, I8 single lease, and the registry of all checkers.
#include "checker.hpp"

namespace ackwire::simulator {
namespace {

/// I5: a confirmed ack is never followed by a redelivery.
class AckIsTheEnd : public Checker {
 public:
  using Checker::Checker;
  void on_delivered(const DeliveredEvent& event) override {
    const GroupFacts* known = group_facts(event.queue, event.sequence, event.group);
    if (known != nullptr && known->acked) {
      violated(message_name(event.queue, event.sequence) + " was delivered to group " + event.group +
               " after its ack was confirmed");
    }
  }
  void on_recount(const Recount& counted, RecountReason) override {
    for (const auto& [queue_name, queue] : facts_.queues) {
      for (const auto& [sequence, message] : queue.messages) {
        for (const auto& [group_name, group] : message.groups) {
          const GroupCount* places = group.acked ? counted.group(queue_name, group_name) : nullptr;
          if (places != nullptr && places->places.contains(sequence)) {
            violated(message_name(queue_name, sequence) + " is stored for group " + group_name + " although its ack was confirmed");
          }
        }
      }
    }
  }
};

/// I6: a settle is applied only when its token names the lease that is current.
class Fenced : public Checker {
 public:
  using Checker::Checker;
  void on_settled(const SettledEvent& event) override {
    if (!event.applied || event.repeated) return;
    const std::string what = message_name(event.queue, event.sequence) + ", delivery " + std::to_string(event.delivery);
    if (event.boot_epoch != facts_.boot_epoch)
      return violated("a settle of " + what + " with a token of an earlier start was applied");
    if (event.held == nullptr) return violated("a settle of " + what + " was applied, which was not leased");
    if (event.held->delivery != event.delivery) {
      return violated("a settle of " + what + " was applied while delivery " + std::to_string(event.held->delivery) +
                      " was current");
    }
    if (event.held->session != event.session || event.held->subscription != event.subscription) {
      violated("a settle of " + what + " was applied for another consumer than the one that holds it");
    }
  }
};

/// I7: hand-overs are counted durably first: delivery numbers rise across crashes, and attempts stay within the policy.
class AttemptsCounted : public Checker {
 public:
  using Checker::Checker;
  void on_delivered(const DeliveredEvent& event) override {
    const GroupFacts* known = group_facts(event.queue, event.sequence, event.group);
    const std::string what = message_name(event.queue, event.sequence) + " of group " + event.group;
    if (event.delivery == 0 || (known != nullptr && event.delivery <= known->last_delivery)) {
      violated(what + " left as delivery " + std::to_string(event.delivery) + " after delivery " +
               std::to_string(known == nullptr ? 0 : known->last_delivery));
    }
    const std::uint32_t most = facts_.queues.at(event.queue).max_attempts_seen;
    if (event.attempts == 0 || event.attempts > most) {
      violated(what + " was tried " + std::to_string(event.attempts) + " times, max_attempts is " + std::to_string(most));
    }
  }
  void on_recount(const Recount& counted, RecountReason) override {
    for (const auto& [queue_name, queue] : facts_.queues) {
      for (const auto& [sequence, message] : queue.messages) {
        for (const auto& [group_name, group] : message.groups) {
          const GroupCount* places = counted.group(queue_name, group_name);
          if (places == nullptr) continue;
          const auto place = places->places.find(sequence);
          if (place != places->places.end() && place->second.deliveries < group.last_delivery) {
            violated(message_name(queue_name, sequence) + " left as delivery " + std::to_string(group.last_delivery) +
                     ", but the store knows " + std::to_string(place->second.deliveries));
          }
        }
      }
    }
  }
};

/// I8: at most one lease of a message in a group at a time.
class SingleLease : public Checker {
 public:
  using Checker::Checker;
  void on_delivered(const DeliveredEvent& event) override {
    const GroupFacts* known = group_facts(event.queue, event.sequence, event.group);
    if (known == nullptr || !known->lease || known->lease->lapsed) return;
    const LeaseFacts& lease = *known->lease;
    Duration deadline = lease.deadline;
    if (const auto holder = facts_.subscriptions.find({lease.session, lease.subscription}); holder != facts_.subscriptions.end()) {
      deadline = std::max(deadline, holder->second.renewed_until);
    }
    if (lease.extended) deadline = *lease.extended;
    if (event.now < deadline) {
      violated(message_name(event.queue, event.sequence) + " of group " + event.group + " was handed out at " +
               std::to_string(event.now.count()) + " ms while delivery " + std::to_string(lease.delivery) + " is leased until " +
               std::to_string(deadline.count()) + " ms");
    }
  }
};

}  // namespace

const MessageFacts* Checker::message_facts(const std::string& queue, std::uint64_t sequence) const {
  const auto in = facts_.queues.find(queue);
  if (in == facts_.queues.end()) return nullptr;
  const auto message = in->second.messages.find(sequence);
  return message == in->second.messages.end() ? nullptr : &message->second;
}

const GroupFacts* Checker::group_facts(const std::string& queue, std::uint64_t sequence, const std::string& group) const {
  const MessageFacts* message = message_facts(queue, sequence);
  if (message == nullptr) return nullptr;
  const auto known = message->groups.find(group);
  return known == message->groups.end() ? nullptr : &known->second;
}

std::string message_name(const std::string& queue, std::uint64_t sequence) {
  return "message " + std::to_string(sequence) + " of queue " + queue;
}

void add_delivery_checkers(std::vector<std::unique_ptr<Checker>>& checkers, const Facts& facts, const Checker::Report& report) {
  checkers.push_back(std::make_unique<AckIsTheEnd>("I5", facts, report));
  checkers.push_back(std::make_unique<Fenced>("I6", facts, report));
  checkers.push_back(std::make_unique<AttemptsCounted>("I7", facts, report));
  checkers.push_back(std::make_unique<SingleLease>("I8", facts, report));
}

std::vector<std::unique_ptr<Checker>> make_checkers(const Facts& facts, const Checker::Report& report,
                                                    const std::function<Recount()>& recount_now) {
  std::vector<std::unique_ptr<Checker>> checkers;
  add_publish_checkers(checkers, facts, report, recount_now);
  add_delivery_checkers(checkers, facts, report);
  add_recount_checkers(checkers, facts, report);
  return checkers;
}

}  // namespace ackwire::simulator
