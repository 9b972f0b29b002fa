// I1 durable, I3 one place, I4 conservation, I15 dead letters: by reading every row of the store.
#include "checker.hpp"

#include <algorithm>

#include "ackwire/limits.hpp"

namespace ackwire::simulator {
namespace {

/// I1: every confirmed message is there, byte for byte, until it reached a final state by a step that was asked for.
class Durable : public Checker {
 public:
  using Checker::Checker;
  void on_recount(const Recount& counted, RecountReason reason) override {
    for (const auto& [queue_name, queue] : facts_.queues) {
      for (const std::string& group_name : queue.groups) {
        const GroupCount* group = counted.group(queue_name, group_name);
        if (group == nullptr) {
          violated("group " + group_name + " of queue " + queue_name + " is gone");
          continue;
        }
        for (const auto& [sequence, message] : queue.messages) {
          if (message.confirmed) check(queue_name, sequence, message, group_name, *group, reason);
        }
      }
    }
  }

 private:
  void check(const std::string& queue, std::uint64_t sequence, const MessageFacts& message, const std::string& group_name,
             const GroupCount& group, RecountReason reason) {
    const auto place = group.places.find(sequence);
    const Content& content = facts_.contents[*message.content];
    if (place != group.places.end()) {
      if (!place->second.sound || place->second.body != content.body)
        violated(message_name(queue, sequence) + " has other bytes than were published");
      if (reason == RecountReason::end && place->second.where != Where::dead) {
        violated(message_name(queue, sequence) + " is neither final nor dead after everything was healed");
      }
      return;
    }
    const auto known = message.groups.find(group_name);
    const bool ended = known != message.groups.end() && (known->second.maybe_acked || known->second.maybe_discarded);
    if (!ended && !content.may_expire && sequence >= facts_.queues.at(queue).purged_below)
      violated(message_name(queue, sequence) + " was confirmed and is gone from group " + group_name);
  }
};

/// I3: a message is in one place; every row can be read.
class OnePlace : public Checker {
 public:
  using Checker::Checker;
  void on_recount(const Recount& counted, RecountReason) override {
    if (!counted.problem.empty()) violated(counted.problem);
  }
};

/// I4: the stored counters equal a recount, and add up.
class Conservation : public Checker {
 public:
  using Checker::Checker;
  void on_queue_info(const QueueInfo& info) override {
    for (const GroupInfo& g : info.groups) {
      const std::uint64_t sum = g.ready + g.delayed + g.leased + g.dead + g.acked + g.expired + g.discarded;
      if (sum != g.published) {
        violated("group " + g.name + " of queue " + info.name + ": published " + std::to_string(g.published) + ", but ready " +
                 std::to_string(g.ready) + " + delayed " + std::to_string(g.delayed) + " + leased " + std::to_string(g.leased) +
                 " + dead " + std::to_string(g.dead) + " + acked " + std::to_string(g.acked) + " + expired " +
                 std::to_string(g.expired) + " + discarded " + std::to_string(g.discarded) + " = " + std::to_string(sum));
      }
    }
  }
  void on_recount(const Recount& counted, RecountReason) override {
    for (const auto& [queue_name, queue] : counted.queues) {
      for (const auto& [name, group] : queue.groups) {
        const engine::GroupRow& row = group.row;
        const std::string where = "group " + name + " of queue " + queue_name + ": ";
        expect(where + "rows of retry", row.retry, group.retry);
        expect(where + "rows of due", group.due, group.retry);
        expect(where + "dead letters", row.dead, group.dead);
        expect(where + "messages that are not final", row.published - row.acked - row.expired - row.discarded, group.places.size());
      }
    }
  }

 private:
  void expect(const std::string& what, std::uint64_t stored, std::uint64_t counted) {
    if (stored != counted)
      violated(what + ": the counter says " + std::to_string(stored) + ", the rows are " + std::to_string(counted));
  }
};

/// I15: a dead letter carries its whole history.
class DeadLetters : public Checker {
 public:
  using Checker::Checker;
  void on_recount(const Recount& counted, RecountReason) override {
    for (const auto& [queue_name, queue] : counted.queues) {
      for (const auto& [group_name, group] : queue.groups) {
        for (const auto& [sequence, place] : group.places) {
          if (place.where == Where::dead) check(queue_name, group_name, sequence, place);
        }
      }
    }
  }

 private:
  void check(const std::string& queue, const std::string& group, std::uint64_t sequence, const Place& place) {
    const std::string what = "dead letter " + std::to_string(sequence) + " of queue " + queue;
    const auto reason = static_cast<DeadReason>(place.row.reason);
    if (!place.sound) violated(what + " has a damaged record");
    if (name(reason) == "unknown" || reason == DeadReason::damaged)
      violated(what + " has reason " + std::to_string(place.row.reason));
    const std::size_t expected = std::min<std::size_t>(place.attempts, limits::errors_kept);
    if (reason != DeadReason::expired && place.row.errors.size() < expected) {
      violated(what + " was tried " + std::to_string(place.attempts) + " times and keeps " +
               std::to_string(place.row.errors.size()) + " errors");
    }
    const GroupFacts* known = group_facts(queue, sequence, group);
    if (reason == DeadReason::rejected && known != nullptr && known->last_was_reject && known->last_delivery == place.deliveries &&
        place.row.detail != known->last_failure) {
      violated(what + " was rejected with \"" + known->last_failure + "\" and says \"" + place.row.detail + "\"");
    }
  }
};

}  // namespace

void add_recount_checkers(std::vector<std::unique_ptr<Checker>>& checkers, const Facts& facts, const Checker::Report& report) {
  checkers.push_back(std::make_unique<Durable>("I1", facts, report));
  checkers.push_back(std::make_unique<OnePlace>("I3", facts, report));
  checkers.push_back(std::make_unique<Conservation>("I4", facts, report));
  checkers.push_back(std::make_unique<DeadLetters>("I15", facts, report));
}

}  // namespace ackwire::simulator
