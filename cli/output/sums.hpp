// What the groups of a queue, or of all queues, hold and did together.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ackwire/queue.hpp"

namespace ackwire::cli {

struct GroupSums {
  std::uint64_t ready = 0, delayed = 0, leased = 0, dead = 0;
  std::uint64_t delivered = 0, redelivered = 0, acked = 0;
  std::uint32_t consumers = 0;
  Duration oldest_age{0};

  void add(const QueueInfo& queue) {
    for (const GroupInfo& group : queue.groups) {
      ready += group.ready, delayed += group.delayed, leased += group.leased, dead += group.dead;
      delivered += group.delivered, redelivered += group.redelivered, acked += group.acked;
      consumers += group.consumers;
      oldest_age = std::max(oldest_age, group.oldest_age);
    }
  }
  /// Those that a queue shows besides its own fields, so that one row tells its state.
  static constexpr auto fields = Fields{
      field("ready", &GroupSums::ready, ""),           field("delayed", &GroupSums::delayed, ""),
      field("leased", &GroupSums::leased, ""),         field("dead", &GroupSums::dead, ""),
      field("acked", &GroupSums::acked, ""),           field("consumers", &GroupSums::consumers, ""),
      field("oldest_age", &GroupSums::oldest_age, ""),
  };
};

inline GroupSums sums_of(const QueueInfo& queue) {
  GroupSums sum;
  sum.add(queue);
  return sum;
}

}  // namespace ackwire::cli
