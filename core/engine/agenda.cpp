#include "engine/agenda.hpp"

#include <algorithm>

namespace ackwire::engine {
namespace {

// A node is moved, not made anew, so that a busy queue does not allocate each turn.
template <class Order, class Time>
void move(Order& order, std::uint32_t queue, Time from, Time to, Time never) {
  if (from == to) return;
  if (from == never) {
    order.emplace(to, queue);
    return;
  }
  if (to == never) {
    order.erase({from, queue});
    return;
  }
  auto node = order.extract({from, queue});
  node.value().first = to;
  order.insert(std::move(node));
}

}  // namespace

void Agenda::set(std::uint32_t queue, const Wake& wake) {
  const auto it = wakes_.find(queue);
  const Wake before = it == wakes_.end() ? Wake{} : it->second;
  if (wake == before) return;
  move(mono_, queue, before.mono, wake.mono, Wake::never);
  move(wall_, queue, before.wall_ms, wake.wall_ms, Wake::never_ms);
  if (wake == Wake{}) {
    wakes_.erase(it);
  } else if (it == wakes_.end()) {
    wakes_.emplace(queue, wake);
  } else {
    it->second = wake;
  }
}

void Agenda::erase(std::uint32_t queue) { set(queue, Wake{}); }

void Agenda::due(const model::Now& now, std::vector<std::uint32_t>& queues) const {
  for (auto it = mono_.begin(); it != mono_.end() && it->first <= now.mono; ++it) queues.push_back(it->second);
  const auto wall = static_cast<std::uint64_t>(now.wall.time_since_epoch().count());
  for (auto it = wall_.begin(); it != wall_.end() && it->first <= wall; ++it) queues.push_back(it->second);
}

Wake Agenda::next() const {
  return {mono_.empty() ? Wake::never : mono_.begin()->first, wall_.empty() ? Wake::never_ms : wall_.begin()->first};
}

const Wake* Agenda::find(std::uint32_t queue) const {
  const auto it = wakes_.find(queue);
  return it == wakes_.end() ? nullptr : &it->second;
}

}  // namespace ackwire::engine
