// What can be asked about the time before now.
#pragma once

#include <string>
#include <vector>

#include "model/verbs/verb.hpp"

namespace ackwire::model {

struct GetHistory {
  using Reply = std::vector<Sample>;
  static constexpr Verb verb{.name = "get_history",
                             .meaning = "shows what happened in slots of time, oldest first",
                             .permission = Permission::observe,
                             .access = Access::reads_much,
                             .repeat = Repeat::safe};
  std::string queue;
  Resolution resolution = Resolution::second;
  Timestamp from{};
  static constexpr auto fields = Fields{
      field("queue", &GetHistory::queue, "of it; empty: of the whole broker"),
      field("resolution", &GetHistory::resolution, "length of the slots"),
      field("from", &GetHistory::from, "slots at or after it"),
  };
};

using HistoryVerbs = Verbs<GetHistory>;

template <>
inline constexpr ReplyForm reply_form<std::vector<Sample>>{"history", "samples"};

}  // namespace ackwire::model
