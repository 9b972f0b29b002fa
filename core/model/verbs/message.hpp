// What can be asked about messages that are not settled.
#pragma once

#include <cstdint>
#include <string>

#include "ackwire/dead_letter.hpp"
#include "model/verbs/verb.hpp"

namespace ackwire::model {

struct Peek {
  using Reply = PeekPage;
  static constexpr Verb verb{.name = "peek",
                             .meaning = "shows messages that are not settled, without any effect on them",
                             .permission = Permission::peek,
                             .access = Access::reads_much,
                             .repeat = Repeat::safe};
  std::string queue, group;
  std::uint64_t from = 0;
  std::uint32_t count = 0;
  std::uint64_t body_bytes = 0;
  static constexpr auto fields = Fields{
      field("queue", &Peek::queue, "where").must(),
      field("group", &Peek::group, "for which group").must(),
      field("from", &Peek::from, "first sequence to show"),
      field("count", &Peek::count, "how many at most, 1 to 1,000").must(),
      field("body_bytes", &Peek::body_bytes, "show so much of each body"),
  };
};

using MessageVerbs = Verbs<Peek>;

template <>
inline constexpr ReplyForm reply_form<PeekPage>{"messages"};

}  // namespace ackwire::model
