// A consumer: receives messages of one group under leases and settles them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"
#include "ackwire/settle.hpp"

namespace ackwire {

namespace backend {
class Subscription;
}

struct ConsumerOptions {
  std::string group = "default";
  /// Messages that may be unsettled at once, those waiting in the client included. 1 to limits::credit. It is an upper bound: how
  /// much is read ahead follows the speed of the application (what it takes in 100 ms), so that slow handlers keep nothing from
  /// other consumers, and what nobody has begun is given to a consumer that waits.
  std::uint32_t credit = 256;
  /// true: leases of everything received are renewed by the client's own thread until settled, up to
  /// limits::visibility_timeout_max. false: they end after the queue's visibility_timeout.
  bool renew_leases = true;
  /// Messages that the application works on at once: its threads or tasks. 1 to limits::credit. An attempt is charged to a message
  /// that receive() has handed out, never to one that waits in the client; when the process dies before the client could tell the
  /// broker what was handed out (it does so within 20 ms), the oldest messages are presumed to have been, as many as this.
  std::uint32_t concurrency = 1;
};

/// What to do with a failed message.
struct NackOptions {
  /// Not set: the queue's backoff policy decides. Set: exactly this delay, 0 to limits::delay_max, whatever the policy says.
  std::optional<Duration> delay;
  /// Kept in the error history. Cut at limits::error_text_bytes.
  std::string_view error;
};

/// Receives and settles. Thread-safe: several threads may receive and settle on one consumer.
/// Destroying it returns what was received but not handed out (no attempt charged) and ends the leases of the rest.
class Consumer {
 public:
  Consumer() = default;
  Consumer(Consumer&&) noexcept;
  Consumer& operator=(Consumer&&) noexcept;
  ~Consumer();

  /// Up to `max` messages, waiting up to `wait` for the first. Returns an empty vector when none came in time.
  /// Errors: closed, no_queue, no_group, forked. A lost connection is not an error: it waits for the reconnect.
  Result<std::vector<Delivery>> receive(std::size_t max = 1, Duration wait = Duration{1000});

  /// Settles of any kind: what the calls below do each by name. Blocks until the synced commit, at most the client's call timeout.
  /// Errors: out_of_range (a duration); timeout and disconnected (outcome not known).
  Result<Settled> settle(std::span<const Delivery> deliveries, const Settlement& how);
  /// Processed: never delivered again to this group. Blocks until the synced commit, at most the client's call timeout.
  Result<Settled> ack(std::span<const Delivery> deliveries);
  Result<Settled> ack(const Delivery& delivery) { return ack({&delivery, 1}); }
  /// Failed: charged an attempt, comes back after its backoff, or becomes a dead letter when attempts are spent.
  Result<Settled> nack(std::span<const Delivery> deliveries, const NackOptions& options = {});
  Result<Settled> nack(const Delivery& delivery, const NackOptions& options = {}) { return nack({&delivery, 1}, options); }
  /// Can never be processed: straight to the DLQ with this reason.
  Result<Settled> reject(std::span<const Delivery> deliveries, std::string_view reason);
  Result<Settled> reject(const Delivery& delivery, std::string_view reason) { return reject({&delivery, 1}, reason); }
  /// Not tried: ready again at once, no attempt charged.
  Result<Settled> release(std::span<const Delivery> deliveries);
  Result<Settled> release(const Delivery& delivery) { return release({&delivery, 1}); }
  /// The lease ends `duration` from now instead. limits::visibility_timeout_min..max.
  Result<Settled> extend(std::span<const Delivery> deliveries, Duration duration);
  Result<Settled> extend(const Delivery& delivery, Duration duration) { return extend({&delivery, 1}, duration); }

  /// Like ack, but returns at once; acks that turn out stale are counted in stale_acks(). A crash before the commit
  /// means a redelivery. flush() waits for all of them.
  void ack_async(std::span<const Delivery> deliveries);
  void ack_async(const Delivery& delivery) { ack_async({&delivery, 1}); }
  /// Waits until every ack_async so far is committed or known stale.
  Status flush(Duration wait = Duration{30'000});
  std::uint64_t stale_acks() const;

  /// Changes the credit. 0 stops deliveries while what was received can still be settled.
  Status set_credit(std::uint32_t credit);
  /// Returns what was received and not handed out, what is on its way included, with no attempt charged. Nothing more comes until
  /// the next receive(). What was handed out can still be settled.
  Status give_back();
  /// Wakes every thread blocked in receive(): they return empty. Callable from any thread.
  void interrupt();
  /// Returns what was not handed out, ends the subscription. Idempotent.
  void close();

  /// For whoever makes a backend.
  explicit Consumer(std::shared_ptr<backend::Subscription> subscription) : subscription_(std::move(subscription)) {}

 private:
  std::shared_ptr<backend::Subscription> subscription_;
};

}  // namespace ackwire
