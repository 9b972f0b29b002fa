// Who answers which verb: one table a noun, in the file of the noun. A verb without an answer, or with two, does not compile.
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "engine/state.hpp"
#include "model/request.hpp"

namespace ackwire::engine {

template <class V>
using Handler = Result<typename V::Reply> (*)(Engine::State&, const V&);

template <class List>
struct Handlers;
template <class... V>
struct Handlers<model::Verbs<V...>> {
  std::tuple<Handler<V>...> all;
  constexpr explicit Handlers(Handler<V>... each) : all(each...) {}
  template <class One>
  static constexpr bool has = (std::is_same_v<One, V> || ...);
};

extern const Handlers<model::QueueVerbs> queue_handlers;
extern const Handlers<model::GroupVerbs> group_handlers;
extern const Handlers<model::MessageVerbs> message_handlers;
extern const Handlers<model::DeadLetterVerbs> dead_letter_handlers;
extern const Handlers<model::StatsVerbs> stats_handlers;
extern const Handlers<model::HistoryVerbs> history_handlers;
extern const Handlers<model::JobVerbs> job_handlers;

/// Tells whoever reads the log what `verb` did: "pause_group: paused". For verbs that have no note of their own.
inline void tell(Engine::State& s, const model::Verb& verb, const std::string& queue, const std::string& group,
                 std::string_view did) {
  s.turn.note({model::NoteKind::administered, s.turn.asking, queue, group, std::string(verb.name).append(": ").append(did), {}, 1});
}

/// One page of queues in order of their names, from `from` on: at most `count` of them (0 = all), and not much more than
/// limits::page_shown_bytes of an answer. `next` is where to go on.
model::QueuePage page_of_queues(Engine::State& s, const std::string& from, std::uint32_t count);

/// About how many bytes it has in an answer.
std::size_t weight(const QueueInfo& queue);

}  // namespace ackwire::engine
