// What can be asked about the broker: its figures now.
#pragma once

#include <cstdint>
#include <string>

#include "model/verbs/verb.hpp"

namespace ackwire::model {

struct StatsPage {
  BrokerStats stats;
  std::string next;
  static constexpr auto fields = Fields{
      field("stats", &StatsPage::stats, "the figures, with a page of the queues").must(),
      field("next", &StatsPage::next, "pass as `from` of list_queues for more queues; empty: no more"),
  };
};

struct GetStats {
  using Reply = StatsPage;
  static constexpr Verb verb{.name = "get_stats",
                             .meaning = "shows the figures of the broker and its queues",
                             .permission = Permission::observe,
                             .access = Access::reads_much,
                             .repeat = Repeat::safe};
  std::string from;
  std::uint32_t count = 0;
  static constexpr auto fields = Fields{
      field("from", &GetStats::from, "first name of a queue to show"),
      field("count", &GetStats::count, "how many queues at most, fewer when they are large; 0: all in one reply"),
  };
};

using StatsVerbs = Verbs<GetStats>;

template <>
inline constexpr ReplyForm reply_form<StatsPage>{"stats"};

}  // namespace ackwire::model
