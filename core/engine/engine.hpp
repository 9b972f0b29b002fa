// The engine: the state machine of the broker. It has no clock, thread, socket or file: time is a parameter, the store is a port,
// what must be sent is returned. One turn is
//
//   begin(now) -> any number of commands -> finish() -> take_effects()
//
// and is one transaction. Effects exist only after finish() returned ok: nothing leaves before its commit. When finish() fails, the
// engine must not be used any more: make a new one over the same store, as after a crash (its sessions are gone).
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ackwire/error.hpp"
#include "model/command.hpp"
#include "model/effect.hpp"
#include "model/request.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

struct EngineOptions {
  std::uint64_t seed = 1;                       // of retry jitter
  double store_soft_limit = 0.85;               // share of the map above which publishes are refused
  std::uint64_t disk_floor_bytes = 0;           // publishes are refused below this much free disk
  std::uint32_t sweep_messages = 1'000;         // expired leases, due retries, expiries handled in one turn
  std::uint32_t deliver_bytes = 256 * 1024;     // target size of one delivery
  std::uint32_t turn_deliver_bytes = 4u << 20;  // deliveries of one group in one turn
  Duration producer_memory{24 * 3'600'000};     // how long answers of a silent producer are kept
  std::uint32_t producers_per_queue = 10'000;
};

/// Faults to plant, so that the test suite can prove that it would notice. All off in the product.
struct PlantedBugs {
  bool dedupe_apart = false;       // dedupe rows are written one turn late
  bool ack_without_token = false;  // any token settles
  bool sequence_from_last_key = false;
};

class Engine {
 public:
  Engine(store::Store& store, const EngineOptions& options);
  ~Engine();

  /// Reads the durable state, raises the boot epoch and commits it. Requires: called once, first.
  Status open(model::Now now);
  std::uint64_t boot_epoch() const;

  Status begin(model::Now now);
  void publish(model::SessionId session, const model::Publish& publish);
  void subscribe(model::SessionId session, const model::Subscribe& subscribe);
  void unsubscribe(model::SessionId session, model::SubscriptionId subscription);
  void set_credit(model::SessionId session, model::SubscriptionId subscription, std::uint32_t credit);
  void settle(model::SessionId session, const model::Settle& settle);
  /// Renews every lease of the subscription: none ends before now + the queue's visibility_timeout (up to visibility_timeout_max).
  void renew(model::SessionId session, model::SubscriptionId subscription);
  void request(model::SessionId session, std::uint32_t request, const model::Request& what);
  /// The peer is gone: its leases end at once (the attempt stays charged), its subscriptions too.
  void end_session(model::SessionId session);
  /// A delivery could not be sent: take it back without charging an attempt.
  void undeliverable(model::SessionId session, const model::Deliver& deliver);
  /// Sweeps, dispatches, commits.
  Status finish();
  /// Publishes are refused as overloaded until then (monotonic time): after a full store, so that acks get through. `why`: what
  /// the store said.
  void refuse_publishes(Duration until, const Error& why);
  /// Ok, or why a publish found no room a moment ago.
  const Status& room() const;
  /// Nothing is swept and nothing handed out until then: after a full store, so that settles, purges and discards come first.
  void rest(Duration until);
  std::vector<model::Effect> take_effects();

  /// When finish() must run again even though no command came (monotonic time); nullopt = never.
  std::optional<Duration> next_wakeup() const;
  std::uint32_t consumer_count() const;

  PlantedBugs& planted_bugs();

  struct State;  // engine/state.hpp, for the files of this ring only

 private:
  std::unique_ptr<State> state_;
};

}  // namespace ackwire::engine
