// Requests that are not on the hot path: each goes to the table of its noun, and its answer leaves after the commit.
#include <numeric>

#include "engine/admin/handlers.hpp"
#include "engine/admin/inspect.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr std::size_t small_weight = 512, sample_weight = 400;

template <class R>
std::size_t weight_of(const R&) {
  return small_weight;
}
std::size_t weight_of(const QueueInfo& queue) { return weight(queue); }
std::size_t weight_of(const std::vector<QueueInfo>& queues) {
  return std::accumulate(queues.begin(), queues.end(), small_weight,
                         [](std::size_t sum, const QueueInfo& queue) { return sum + weight(queue); });
}
std::size_t weight_of(const model::QueuePage& page) { return weight_of(page.queues); }
std::size_t weight_of(const model::StatsPage& page) { return weight_of(page.stats.queues); }
std::size_t weight_of(const std::vector<Sample>& samples) { return small_weight + sample_weight * samples.size(); }
template <class M>
std::size_t shown(const std::vector<M>& messages) {
  return std::accumulate(messages.begin(), messages.end(), small_weight,
                         [](std::size_t sum, const M& message) { return sum + shown_bytes(message); });
}
std::size_t weight_of(const PeekPage& page) { return shown(page.messages); }
std::size_t weight_of(const DeadPage& page) { return shown(page.letters); }

/// The handler of V, in the one table that has it.
template <class V, class Table, class... More>
constexpr Handler<V> handler(const Table& table, const More&... more) {
  if constexpr (Table::template has<V>)
    return std::get<Handler<V>>(table.all);
  else
    return handler<V>(more...);
}

template <class V>
model::Reply answer(Engine::State& s, const V& verb) {
  auto reply = handler<V>(queue_handlers, group_handlers, message_handlers, dead_letter_handlers, stats_handlers, history_handlers,
                          job_handlers)(s, verb);
  if (!reply) return std::move(reply).error();
  return *std::move(reply);
}

}  // namespace

std::size_t Engine::State::request(SessionId session, std::uint32_t request, const model::Request& what) {
  turn.asking = session;
  model::Reply reply = std::visit([this](const auto& verb) { return answer(*this, verb); }, what);
  if (const Error* error = std::get_if<Error>(&reply))
    turn.note({model::NoteKind::request_refused, session, {}, {}, std::string(name(error->code)), error->message, 1});
  const std::size_t bytes = std::visit([](const auto& r) { return weight_of(r); }, reply);
  turn.effect(session, model::Answer{request, std::move(reply)});
  return bytes;
}

}  // namespace ackwire::engine
