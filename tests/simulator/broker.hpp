// The broker of the simulation: the real engine over the simulated disk, run turn by turn, crashing where the seed says.
#pragma once

#include <memory>
#include <vector>

#include "command.hpp"
#include "engine/engine.hpp"
#include "mix.hpp"
#include "store/memory_store.hpp"

namespace ackwire::simulator {

class World;

class Broker {
 public:
  Broker(World& world, store::MemoryStore& store, Plant plant);

  void start();
  bool up() const { return engine_ != nullptr; }
  std::uint64_t boot_epoch() const { return engine_ ? engine_->boot_epoch() : 0; }
  void receive(SessionId session, SharedCommand command);

  std::uint64_t crashes = 0, resumes = 0, turns = 0, operations = 0;
  double longest_turn_ms = 0;  // of processor time, store included

 private:
  enum class Crash { power_cut, process };

  struct Received {
    SessionId session;
    SharedCommand command;
  };

  void schedule(Duration at);
  void turn();
  void resume(std::vector<Received> refused);
  void apply(SessionId session, const Command& command);
  void apply_publish(SessionId session, const PublishCommand& frame);
  void plan_disk_fault();
  /// Lets the effects leave; false when the broker crashed on the way.
  bool release(std::vector<model::Effect> effects);
  void crash(Crash kind);
  model::Now now() const;

  World& world_;
  store::MemoryStore& store_;
  const Plant plant_;
  std::unique_ptr<engine::Engine> engine_;
  engine::EngineOptions options_;
  std::vector<Received> inbox_;
  Duration scheduled_{-1};
  std::uint64_t life_ = 0;  // events of an earlier life are void
};

}  // namespace ackwire::simulator
