// What can be asked about dead letters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ackwire/dead_letter.hpp"
#include "model/verbs/verb.hpp"

namespace ackwire::model {

struct GetDeadLetters {
  using Reply = DeadPage;
  static constexpr Verb verb{.name = "get_dead_letters",
                             .meaning = "shows dead letters of a group",
                             .permission = Permission::peek,
                             .access = Access::reads_much,
                             .repeat = Repeat::safe};
  std::string queue, group;
  std::uint64_t from = 0;
  std::uint32_t count = 0;
  DeadFilter filter;
  std::uint64_t body_bytes = 0;
  static constexpr auto fields = Fields{
      field("queue", &GetDeadLetters::queue, "where").must(),
      field("group", &GetDeadLetters::group, "of which group").must(),
      field("from", &GetDeadLetters::from, "first sequence to show"),
      field("count", &GetDeadLetters::count, "how many at most, 1 to 1,000").must(),
      field("filter", &GetDeadLetters::filter, "which"),
      field("body_bytes", &GetDeadLetters::body_bytes, "show so much of each body"),
  };
};

enum class DeadAction : std::uint8_t { redrive = 1, discard = 2 };

struct Moved {
  DeadMoved moved;
  std::uint64_t next = 0;
  std::int64_t dead_until_ms = 0;
  bool more = false;
  static constexpr auto fields = Fields{
      field("moved", Within{&Moved::moved, &DeadMoved::moved}, "how many were").must(),
      field("not_found", Within{&Moved::moved, &DeadMoved::not_found}, "of the sequences asked for"),
      field("next", &Moved::next, "pass it as `from` with the next request"),
      field("dead_until_ms", &Moved::dead_until_ms, "pass it with the next request"),
      field("more", &Moved::more, "ask again: it is not done"),
  };
};

/// One part from sequence `from` on, of letters that died at or before `dead_until_ms`.
struct MoveDead {
  using Reply = Moved;
  static constexpr Verb verb{.name = "move_dead",
                             .meaning = "sends a part of the dead letters of a group back to it, or deletes them for good",
                             .permission = Permission::redrive};
  DeadAction action = DeadAction::redrive;
  std::string queue, group;
  DeadFilter filter;
  std::uint64_t from = 0;
  std::int64_t dead_until_ms = 0;
  static constexpr auto fields = Fields{
      field("action", &MoveDead::action, "what becomes of them").must(),
      field("queue", &MoveDead::queue, "where").must(),
      field("group", &MoveDead::group, "of which group").must(),
      field("filter", &MoveDead::filter, "which"),
      field("from", &MoveDead::from, "first sequence to look at"),
      field("dead_until_ms", &MoveDead::dead_until_ms, "only those dead by then; 0: by now, and the reply says when"),
  };
};

using DeadLetterVerbs = Verbs<GetDeadLetters, MoveDead>;

template <>
inline constexpr ReplyForm reply_form<DeadPage>{"dead_letters"};
template <>
inline constexpr ReplyForm reply_form<Moved>{"moved"};

}  // namespace ackwire::model

template <>
inline constexpr auto ackwire::words<ackwire::model::DeadAction> =
    std::to_array<std::pair<std::string_view, ackwire::model::DeadAction>>({
        {"redrive", ackwire::model::DeadAction::redrive},
        {"discard", ackwire::model::DeadAction::discard},
    });
