// One simulation: simulated time, the network, the broker and its clients. Everything that happens is decided by the seed, and is
// folded into the trace hash: the same seed gives the same hash.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "broker.hpp"
#include "client.hpp"
#include "mix.hpp"
#include "observer.hpp"
#include "random.hpp"
#include "store/memory_store.hpp"

namespace ackwire::simulator {

/// What one seed did. `violation` is empty when every invariant held.
struct Outcome {
  std::uint64_t seed = 0, trace_hash = 0;
  std::string invariant, violation;
  std::uint64_t operations = 0, faults = 0, crashes = 0, resumes = 0, turns = 0;
  double longest_turn_ms = 0;
  std::uint64_t confirms = 0, duplicates = 0, refusals = 0, deliveries = 0, acks = 0, stale = 0;
  Duration simulated{0};
};

class World {
 public:
  World(std::uint64_t seed, Plant plant);
  ~World();
  Outcome run();

  // -- for the broker and the clients ------------------------------------------------------------------------------------
  Random random;
  const Mix mix;
  Duration now{0};
  bool healed = false;  // no more faults; clients finish what they have
  Timestamp wall() const { return Timestamp{Duration{1'700'000'000'000} + now}; }
  void after(Duration delay, std::function<void()> act);
  bool over() const { return over_; }
  void trace(std::string_view kind, std::uint64_t a = 0, std::uint64_t b = 0, std::string_view bytes = {});
  /// Ends the simulation with what was found.
  void violate(std::string_view invariant, const std::string& what);
  void fault() { ++outcome_.faults; }
  Observer& observer() { return *observer_; }
  Broker& broker() { return *broker_; }

  // -- network -----------------------------------------------------------------------------------------------------------
  SessionId connect(Client& client);
  /// The client's session breaks: frames under way are lost, the broker notices after a while.
  void cut(Client& client);
  void to_broker(Client& client, Command command);
  void to_client(const model::Effect& effect);
  /// Every session broke because the broker is gone.
  void broker_gone();

 private:
  struct Event {
    Duration at;
    std::uint64_t order;
    std::function<void()> act;
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Session {
    Client* client = nullptr;  // nullptr: the client has left it
    Duration next_to_broker{0}, next_to_client{0};
  };

  void build();
  void each_second();
  void heal();
  void unpause(const std::string& queue);
  void check_drained();
  bool drained();
  /// When a frame arrives, and maybe once more; empty when it is lost.
  std::vector<Duration> arrivals(Duration& in_order_until);

  const Plant plant_;
  std::unique_ptr<store::MemoryStore> store_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<Broker> broker_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::priority_queue<Event> events_;
  std::uint64_t next_order_ = 0;
  std::map<SessionId, Session> sessions_;
  std::uint64_t next_session_ = 1;
  bool over_ = false;
  Duration healed_at_{0};
  Outcome outcome_;
};

/// Runs one seed.
Outcome simulate(std::uint64_t seed, Plant plant = Plant::none);

}  // namespace ackwire::simulator
