#include "engine/consumers.hpp"

namespace ackwire::engine {

Subscription* Consumers::find(SessionId session, SubscriptionId id) const {
  const auto it = subscriptions.find({session, id});
  return it == subscriptions.end() ? nullptr : it->second.get();
}

Subscription* Consumers::holder(std::uint32_t index) const {
  const auto it = by_index.find(index);
  return it == by_index.end() ? nullptr : it->second;
}

std::size_t Consumers::count(SessionId session) const {
  std::size_t count = 0;
  for (auto it = subscriptions.lower_bound({session, SubscriptionId{0}}); it != subscriptions.end() && it->first.session == session;
       ++it)
    ++count;
  return count;
}

void Consumers::close_deliveries() {
  for (const std::uint32_t index : delivering) {
    if (Subscription* subscription = holder(index)) subscription->effect = Subscription::npos;
  }
  delivering.clear();
}

}  // namespace ackwire::engine
