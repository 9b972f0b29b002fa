// The engine's face: what it has, and what it did.
#include "engine/engine.hpp"

#include <algorithm>

#include "engine/state.hpp"
#include "rules/require.hpp"

namespace ackwire::engine {
Error damaged_row(const std::string& place) {
  return {Errc::store_damaged,
          "The store is damaged: " + place + " cannot be read or fails its checksum. Nothing was changed or deleted. " +
              "Stop, copy the directory, and run `ackwire verify --repair` on it.",
          {},
          {}};
}

Engine::State::State(store::Store& s, const EngineOptions& o) : store(s), options(o), random(o.seed), room(s, options, turn) {}

Engine::Engine(store::Store& store, const EngineOptions& options) : state_(std::make_unique<State>(store, options)) {}
Engine::~Engine() = default;

std::uint64_t Engine::boot_epoch() const { return state_->boot.boot_epoch; }

bool Engine::knows_life(std::uint64_t boot_epoch) const {
  const auto& epochs = state_->lives.epochs;
  if (boot_epoch == state_->boot.boot_epoch) return true;
  if (boot_epoch > state_->boot.boot_epoch) return false;
  if (epochs.empty() || boot_epoch < epochs.front()) return true;
  return std::binary_search(epochs.begin(), epochs.end(), boot_epoch);
}

Queue* Engine::State::find_queue(std::string_view name) {
  const auto it = queue_names.find(name);
  if (it == queue_names.end()) return nullptr;
  touch(*it->second);
  return it->second;
}

Queue& Engine::State::queue_of(const Subscription& subscription) {
  Queue& queue = queues.at(subscription.queue);
  touch(queue);
  return queue;
}

Group* Queue::find_group(std::string_view name) {
  for (auto& [group_id, group] : groups) {
    if (group.row.name == name) return &group;
  }
  return nullptr;
}

// Where something that must hold does not, nothing of the turn is committed, and what comes after it in the turn is not tried.
template <class Act>
void Engine::State::guard(Act act) {
  if (!turn.broken.ok()) return;
  try {
    act();
  } catch (const rules::BrokenRequirement& broken) {
    turn.broken =
        Error{Errc::internal,
              std::string("The broker's memory contradicts itself: ") + broken.what() +
                  ". Nothing of this turn was stored; what was confirmed before is safe. Open the broker again, and report "
                  "this text.",
              {},
              {}};
  }
}

void Engine::publish(SessionId session, const model::Publish& publish) {
  state_->guard([&] { state_->publish(session, publish); });
}
void Engine::subscribe(SessionId session, const model::Subscribe& subscribe) {
  state_->guard([&] { state_->subscribe(session, subscribe); });
}
void Engine::unsubscribe(SessionId session, SubscriptionId subscription) {
  state_->guard([&] { state_->unsubscribe(session, subscription); });
}
void Engine::set_credit(SessionId session, SubscriptionId subscription, std::uint32_t credit) {
  state_->guard([&] { state_->set_credit(session, subscription, credit); });
}
void Engine::settle(SessionId session, const model::Settle& settle) {
  state_->guard([&] { state_->settle(session, settle); });
}
void Engine::begun(SessionId session, const model::Begun& begun) {
  state_->guard([&] { state_->begun(session, begun); });
}
void Engine::heard(SessionId session) { state_->heard(session); }
void Engine::renew(SessionId session, SubscriptionId subscription) {
  state_->guard([&] { state_->renew(session, subscription); });
}
void Engine::forget_producer(const model::ProducerId& producer) {
  state_->guard([&] { state_->forget_producer(producer); });
}
std::size_t Engine::request(SessionId session, std::uint32_t request, const model::Request& what) {
  std::size_t bytes = 0;
  state_->guard([&] { bytes = state_->request(session, request, what); });
  return bytes;
}
void Engine::hold(SessionId session, bool held) {
  state_->guard([&] { state_->hold(session, held); });
}
void Engine::end_session(SessionId session) {
  state_->guard([&] { state_->end_session(session); });
}
void Engine::undeliverable(SessionId session, const model::Deliver& deliver) {
  state_->guard([&] { state_->undeliverable(session, deliver); });
}
Status Engine::finish() {
  state_->guard([&] { state_->finish_turn(); });
  return state_->end_turn();
}

void Engine::refuse_publishes(Duration until, const Error& why) { state_->room.refuse_publishes(until, why); }
void Engine::rest(Duration until) { state_->room.rest(until); }
const Status& Engine::room() const { return state_->room.no_room(); }
std::uint32_t Engine::consumer_count() const { return static_cast<std::uint32_t>(state_->consumers.subscriptions.size()); }
std::optional<std::string> Engine::lists_fault() const { return state_->lists_fault(); }

std::vector<model::Effect> Engine::take_effects() { return std::exchange(state_->turn.effects, {}); }
std::vector<std::string> Engine::take_damage() { return std::exchange(state_->turn.damage_found, {}); }
std::vector<model::Note> Engine::take_notes() { return std::exchange(state_->turn.notes, {}); }

}  // namespace ackwire::engine
