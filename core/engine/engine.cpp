// The engine's face: what it has, and what it did.
#include "engine/engine.hpp"

#include <algorithm>

#include "engine/state.hpp"

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

PlantedBugs& Engine::planted_bugs() { return state_->bugs; }

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

std::vector<model::Effect> Engine::take_effects() { return std::exchange(state_->turn.effects, {}); }

const Status& Engine::room() const { return state_->room.no_room(); }

std::vector<std::string> Engine::take_damage() { return std::exchange(state_->turn.damage_found, {}); }

}  // namespace ackwire::engine
