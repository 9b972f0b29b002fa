// The engine: the state machine of the broker. It has no clock, thread, socket or file: time is a parameter, the store is a port,
// what must be sent is returned. One turn is
//
//   begin(now) -> any number of commands -> finish() -> take_effects()
//
// and is one transaction. Effects exist only after finish() returned ok: nothing leaves before its commit. When finish() fails, the
// engine must not be used any more: make a new one over the same store, which resumes it (store_full), or opens as after a crash,
// with its sessions gone.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ackwire/error.hpp"
#include "engine/kept_time.hpp"
#include "model/command.hpp"
#include "model/effect.hpp"
#include "model/note.hpp"
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
  MachineBoot machine_boot{};  // that Now::mono counts from, kept with the time
  /// Answers that one producer has not released, of one queue, and of all: over the first, or over the second with more than its
  /// share, its publishes are refused.
  std::uint64_t producer_answer_bytes = 4u << 20;
  std::uint64_t answer_bytes = 64u << 20;
};

class Engine {
 public:
  Engine(store::Store& store, const EngineOptions& options);
  ~Engine();

  /// Reads the durable state, raises the boot epoch and commits it. Requires: called once, first; `now` is not behind kept_time(),
  /// and never goes back from here on.
  Status open(model::Now now);
  /// In place of open(): goes on for `before`, whose finish() failed with store_full, as that was before the turn that failed. Same
  /// boot epoch, sessions, subscriptions and leases: only the commands of that turn are to be repeated. Writes nothing.
  Status resume(model::Now now, Engine& before);
  /// Above every one before it in this store, and at least the milliseconds since the Unix epoch at open(): so it is above those of
  /// a copy of the store that lived on elsewhere, too, as long as the wall clock is right.
  std::uint64_t boot_epoch() const;
  /// False when this store never had that boot epoch: whoever got it spoke to a copy that lived on, or to another store. Of epochs
  /// older than the newest `lives_kept` nothing is known, and the answer is true.
  bool knows_life(std::uint64_t boot_epoch) const;

  Status begin(model::Now now);
  void publish(model::SessionId session, const model::Publish& publish);
  void subscribe(model::SessionId session, const model::Subscribe& subscribe);
  void unsubscribe(model::SessionId session, model::SubscriptionId subscription);
  void set_credit(model::SessionId session, model::SubscriptionId subscription, std::uint32_t credit);
  void settle(model::SessionId session, const model::Settle& settle);
  /// Charges an attempt to the messages named, where the token is the present lease; durable with the turn.
  void begun(model::SessionId session, const model::Begun& begun);
  /// A frame of the session came, whatever it was. The verbs above say so themselves.
  void heard(model::SessionId session);
  /// Renews every lease of the subscription: none ends before now + the queue's visibility_timeout (up to visibility_timeout_max).
  void renew(model::SessionId session, model::SubscriptionId subscription);
  /// The producer said that it has every answer and will repeat nothing: its answers are forgotten.
  void forget_producer(const model::ProducerId& producer);
  /// Returns about how many bytes the answer has.
  std::size_t request(model::SessionId session, std::uint32_t request, const model::Request& what);
  /// While held, the session's consumers are handed nothing: it does not take what was sent to it.
  void hold(model::SessionId session, bool held);
  /// The peer is gone: its leases and subscriptions end at once. What it had begun stays charged, and as many of the oldest
  /// messages it held are presumed begun as its concurrency says; the others are given back untried.
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
  /// What was found damaged and how it was dealt with, a line each, since the last call. True once finish() or open() returned ok.
  std::vector<std::string> take_damage();

  /// What happened since the last call, for the log. Requires that finish() returned ok: before, it is not true.
  std::vector<model::Note> take_notes();
  /// Messages under lease to the session.
  std::uint64_t leases_of(model::SessionId session) const;

  /// When finish() must run again even though no command came (monotonic time); nullopt = never.
  std::optional<Duration> next_wakeup() const;
  std::uint32_t consumer_count() const;
  /// What a turn would overlook because it looks only at queues that were touched or are due; nullopt: nothing. Walks all queues:
  /// for tests, between turns.
  std::optional<std::string> lists_fault() const;

  struct State;  // engine/state.hpp, for the files of this ring only

 private:
  std::unique_ptr<State> state_;
};

}  // namespace ackwire::engine
