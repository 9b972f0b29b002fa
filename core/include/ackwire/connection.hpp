// The verbs. A Broker in this process and a Client of a remote one are both a Connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/consumer.hpp"
#include "ackwire/dead_letter.hpp"
#include "ackwire/error.hpp"
#include "ackwire/job.hpp"
#include "ackwire/message.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/stats.hpp"

namespace ackwire {

namespace backend {
class Backend;
}

/// A publish under way. Cheap to copy. Dropping it does not cancel the publish.
class PendingPublish {
 public:
  /// Receipts in the order of the messages, after the synced commit; waits up to `wait`. May be called again after a timeout.
  /// Errors: timeout (outcome not known yet), every refusal of publish(). Thread-safe.
  Result<std::vector<Receipt>> wait(Duration wait) const;
  bool done() const;

  struct State;
  PendingPublish() = default;
  explicit PendingPublish(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;
};

enum class ConnectionState : std::uint8_t { connecting, connected, disconnected, closed };

/// One set of verbs for embedded and remote use. Thread-safe. Every call ends by its deadline (`call_timeout` of the
/// options, default 30 s) with a value, a refusal or indeterminate/timeout. Handles are not usable after fork (Errc::forked).
class Connection {
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  virtual ~Connection();

  // -- queues --------------------------------------------------------------------------------------------------------
  /// Makes the queue, or returns it when it exists with the same policy. Errors: invalid_name, out_of_range,
  /// queue_exists (another policy), overloaded (limits::queues).
  Result<QueueInfo> create_queue(std::string_view queue, const QueuePolicy& policy = {});
  /// Makes the queue with the default policy and these changes when absent; when present, only applies the changes.
  Result<QueueInfo> ensure_queue(std::string_view queue, const QueueChange& change = {});
  /// Changes the members that are set. Errors: no_queue, out_of_range.
  Result<QueueInfo> set_queue(std::string_view queue, const QueueChange& change);
  Result<QueueInfo> queue_info(std::string_view queue);
  Result<std::vector<QueueInfo>> list_queues();
  /// Errors: no_queue, not_empty (unless `force`, which discards what is left, dead letters included).
  Status remove_queue(std::string_view queue, bool force = false);
  /// Discards what is ready or delayed; leased messages and dead letters stay. Returns the count. A job of the broker, which this
  /// waits for: see jobs().
  Result<std::uint64_t> purge(std::string_view queue);
  /// Every queue has the group "default". A new group starts behind the last message, or at the oldest kept one.
  Status create_group(std::string_view queue, std::string_view group, bool from_oldest = false);
  Status remove_group(std::string_view queue, std::string_view group);
  /// A paused group is handed nothing, over restarts too; publishes are taken, what is leased may be settled, other groups go on.
  /// The same again changes nothing. Errors: no_queue, no_group.
  Status pause_group(std::string_view queue, std::string_view group);
  Status resume_group(std::string_view queue, std::string_view group);

  // -- publish -------------------------------------------------------------------------------------------------------
  /// Stores the messages atomically: all, or none and an error. Returns after the synced commit. Safe to be repeated by
  /// the library after a lost connection: never stored twice. Errors: no_queue, invalid_*, too_large, key_conflict,
  /// invalid_batch, overloaded (with retry_after), timeout and disconnected (outcome not known).
  Result<std::vector<Receipt>> publish(std::string_view queue, std::span<const Message> messages);
  Result<Receipt> publish(std::string_view queue, const Message& message);
  /// Returns as soon as the messages are encoded; blocks while `max_unconfirmed` messages are under way. What is published
  /// while a frame is under way goes out in the next one, so single messages become batches by themselves.
  Result<PendingPublish> publish_async(std::string_view queue, std::span<const Message> messages);
  Result<PendingPublish> publish_async(std::string_view queue, const Message& message) {
    return publish_async(queue, {&message, 1});
  }
  /// Like publish_async, but never waits: overloaded when `max_unconfirmed` messages are under way, and then on_room() tells when
  /// to try again.
  Result<PendingPublish> try_publish(std::string_view queue, std::span<const Message> messages);
  /// Called once from the library's thread when there is room again after a publish was refused for want of it, or when none will
  /// come because the connection has ended. Must return soon and may not call the connection (Errc::reentrant). Replaces the one
  /// before; pass nullptr to remove.
  void on_room(std::function<void()> callback);
  /// Waits until every publish_async so far has an outcome. Returns the first refusal that no PendingPublish has told, or timeout.
  Status flush(Duration wait = Duration{30'000});

  // -- consume -------------------------------------------------------------------------------------------------------
  /// Errors: no_queue, no_group, out_of_range (credit).
  Result<Consumer> consume(std::string_view queue, const ConsumerOptions& options = {});

  // -- look, without any effect on messages ----------------------------------------------------------------------------
  /// Messages that are not settled, from sequence `from`, at most `count` (<= limits::page_messages), bodies cut at `body_bytes`.
  Result<PeekPage> peek(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                        std::uint64_t body_bytes = 64 * 1024);
  Result<BrokerStats> stats();
  Result<std::vector<Sample>> history(const HistoryQuery& query);

  // -- dead letters --------------------------------------------------------------------------------------------------
  Result<DeadPage> dead_letters(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                const DeadFilter& filter = {}, std::uint64_t body_bytes = 64 * 1024);
  /// Dead letters go back to their group with the same sequence and key, past the ingest dedupe, attempts counted from 0. They need
  /// room under max_depth and max_depth_bytes: over it the rest stays dead, and `overloaded` says how many went back before.
  /// A job of the broker over those dead at the start, which this waits for: see jobs(). A crash leaves each message on exactly one
  /// side.
  Result<DeadMoved> redrive(std::string_view queue, std::string_view group, const DeadFilter& filter = {});
  /// Dead letters are deleted for good (state discarded).
  Result<DeadMoved> discard(std::string_view queue, std::string_view group, const DeadFilter& filter = {});

  // -- jobs ------------------------------------------------------------------------------------------------------------
  /// Those that run, and the latest limits::jobs_kept that have ended, by their numbers. purge(), redrive() and discard() start
  /// one each and wait for its end. One that is not done by the deadline (Errc::timeout names it), or whose caller died, goes on in
  /// the broker, over restarts too. At most limits::jobs run at once; over it overloaded.
  Result<std::vector<Job>> jobs();
  /// Ends a job where it is; what it did stays done. One that has ended stays as it is. Errors: not_found.
  Result<Job> cancel_job(std::uint64_t id);

  // -- any verb by its name ----------------------------------------------------------------------------------------------
  /// Asks for a verb of docs/reference.md. `members`: a JSON object with what it takes, spelled as on the wire, e.g.
  /// R"({"queue":"orders","from":1042})"; empty for none. Returns the reply as a JSON object. Nothing is sent when the verb is not
  /// known or a member is not one of its members (invalid_argument). Errors: as the method of that verb.
  Result<std::string> request(std::string_view verb, std::string_view members = {});
  /// The names of the verbs, in the order of docs/reference.md.
  static std::vector<std::string_view> verbs();

  // -- life ----------------------------------------------------------------------------------------------------------
  ConnectionState state() const;
  /// Why the broker cannot be reached, where, and since when: "Nobody listens at tcp://127.0.0.1:7733 (connection refused), since
  /// 08:15:30 UTC, 12s ago." Empty while connected, and before the first attempt has failed.
  std::string unreachable() const;
  /// Called from the library's thread at each change of state; must return soon and may not call the connection
  /// (Errc::reentrant). Replaces the one before; pass nullptr to remove.
  void on_state_change(std::function<void(ConnectionState, std::string_view reason)> callback);
  /// Waits until connected. Errors: timeout, closed, unsupported_version.
  Status wait_connected(Duration wait);
  /// Flushes (bounded by `wait`) and ends every consumer. Returns the first refusal of a publish_async that nobody was told of,
  /// and says in the error how many publishes have no outcome. The connection is closed in any case. Idempotent.
  Status close(Duration wait = Duration{5'000});

 protected:
  /// For whoever makes a backend.
  explicit Connection(std::shared_ptr<backend::Backend> backend);
  std::shared_ptr<backend::Backend> backend_;
};

}  // namespace ackwire
