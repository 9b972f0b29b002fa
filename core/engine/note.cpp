// What a turn tells: effects to peers, and notes, which whoever runs the broker reads in its log.
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr std::size_t notes_of_a_turn = 64;  // kinds of things; what is beyond is not told, but counted in the figures

}  // namespace

void Turn::effect(model::SessionId session, decltype(model::Effect::what) what) { effects.push_back({session, std::move(what)}); }

void Turn::note(model::Note note) {
  for (model::Note& known : notes) {
    if (known.kind == note.kind && known.session == note.session && known.queue == note.queue && known.group == note.group &&
        known.detail == note.detail) {
      known.count += note.count;
      return;
    }
  }
  if (notes.size() < notes_of_a_turn) notes.push_back(std::move(note));
}

std::uint64_t Engine::leases_of(SessionId session) const {
  std::uint64_t leases = 0;
  state_->consumers.of(session, [&leases](const Subscription& subscription) { leases += subscription.in_flight; });
  return leases;
}

}  // namespace ackwire::engine
