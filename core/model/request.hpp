// Requests that are not on the hot path: each is answered by one reply out of one bounded transaction. Long work is a job
// (verbs/job.hpp); `purge` and `move_dead` do one part of it and are for clients that know no jobs.
#pragma once

#include <array>
#include <string_view>
#include <type_traits>
#include <variant>

#include "model/verbs/dead_letter.hpp"
#include "model/verbs/group.hpp"
#include "model/verbs/history.hpp"
#include "model/verbs/job.hpp"
#include "model/verbs/message.hpp"
#include "model/verbs/queue.hpp"
#include "model/verbs/stats.hpp"
#include "model/verbs/verb.hpp"

namespace ackwire::model {

namespace detail {
template <class... V>
constexpr std::array<const Verb*, sizeof...(V)> verbs_in_order(Verbs<V...>) {
  return {&V::verb...};
}
}  // namespace detail

using AllVerbs = detail::Join<QueueVerbs, GroupVerbs, MessageVerbs, DeadLetterVerbs, StatsVerbs, HistoryVerbs, JobVerbs>::type;

/// One of them with its members, and what may come back: an Error, or the reply of one of them.
using Request = detail::Kinds<AllVerbs>::Request;
using Reply = detail::Kinds<AllVerbs>::Reply;

namespace detail {
inline constexpr auto verbs = verbs_in_order(AllVerbs{});
}

/// What the verb of a request says about itself.
inline const Verb& verb_of(const Request& request) { return *detail::verbs[request.index()]; }

/// Calls `act` with each Verb and a tag of its type, in order.
template <class Act>
void each_verb(Act&& act) {
  [&]<class... V>(Verbs<V...>) { (static_cast<void>(act(V::verb, std::type_identity<V>{})), ...); }(AllVerbs{});
}

}  // namespace ackwire::model
