// Who consumes: sessions and their subscriptions. They end with the process.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ackwire/limits.hpp"
#include "model/command.hpp"

namespace ackwire::engine {

using model::Now;
using model::SessionId;
using model::SubscriptionId;

/// One peer that consumes.
struct Listener {
  Duration heard{0};    // when its last frame came
  bool silent = false;  // a lease of it ended and no frame came since: it is given nothing
  bool held = false;    // it does not take what is sent to it
};

/// Messages that were settled one way, so that a repeat of that settle is answered as it was.
struct AppliedSettle {
  model::SettleKind kind{};
  model::SettleRange range;
};

/// One consumer of one group. `index` names it in slots; never 0, never reused within a boot epoch.
struct Subscription {
  std::uint32_t index = 0;
  SessionId session{};
  SubscriptionId id{};
  std::uint32_t queue = 0, group = 0;
  std::uint32_t credit = 0;
  std::uint32_t concurrency = 0;  // 0: it does not say what it has begun, so everything it holds counts as begun
  std::uint32_t in_flight = 0;
  std::uint32_t begun = 0;  // of in_flight
  Listener* listener = nullptr;
  Duration handed_out{0};                      // the last time
  Duration recalled{0};                        // no recall before it
  Duration renewed_until{0};                   // no lease of this consumer ends before it
  std::deque<AppliedSettle> recently_settled;  // the latest, at most recent_settles
  std::size_t effect = npos;                   // index of this turn's open delivery
  /// How many messages of it may have been begun when the broker dies without a word of it.
  std::uint32_t presumed() const { return concurrency == 0 ? limits::credit : concurrency; }
  std::uint32_t free() const { return credit > in_flight && !listener->held && !listener->silent ? credit - in_flight : 0; }
  /// It could work on another message at once.
  bool idle() const { return free() > 0 && in_flight < std::max(concurrency, 1u); }
  static constexpr std::size_t npos = std::numeric_limits<std::size_t>::max();
};

struct SubscriptionKey {
  SessionId session;
  SubscriptionId id;
  friend auto operator<=>(const SubscriptionKey&, const SubscriptionKey&) = default;
};

/// All of them. Ordered by session, so that the consumers of one are found together.
struct Consumers {
  std::map<SubscriptionKey, std::unique_ptr<Subscription>> subscriptions;
  std::unordered_map<std::uint32_t, Subscription*> by_index;
  std::unordered_map<SessionId, std::unique_ptr<Listener>> listeners;  // sessions that have subscribed
  std::vector<std::uint32_t> delivering;                               // indices of those with an open delivery in this turn
  std::vector<std::uint32_t> unanswered;                               // indices of those made in this turn
  std::uint32_t next_index = 1;

  Subscription* find(SessionId session, SubscriptionId id) const;
  /// The holder of a lease; nullptr when it is gone.
  Subscription* holder(std::uint32_t index) const;
  std::size_t count(SessionId session) const;
  /// `each(Subscription&)`, which may end it.
  template <class Each>
  void of(SessionId session, Each each) {
    auto it = subscriptions.lower_bound({session, SubscriptionId{0}});
    while (it != subscriptions.end() && it->first.session == session) {
      Subscription& subscription = *it->second;
      ++it;
      each(subscription);
    }
  }
  /// The turn is over: what is delivered next is another delivery.
  void close_deliveries();
};

}  // namespace ackwire::engine
