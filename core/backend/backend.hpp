// The port behind a Connection: what stores the messages, delivers them and answers requests about them. The faces and the public
// classes see nothing else, so another engine can stand here. It promises what a log on several machines can keep as well: an
// order for each queue, delivery at least once, leases that end; nothing about how or where.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/connection.hpp"
#include "ackwire/waiting.hpp"
#include "model/request.hpp"

/// A publish under way. Thread-safe.
struct ackwire::PendingPublish::State {
  virtual ~State() = default;
  /// As PendingPublish::wait().
  virtual Result<std::vector<Receipt>> wait(const Wait& wait) = 0;
  /// Never blocks.
  virtual bool done() const = 0;
};

namespace ackwire::backend {

/// One consumer of a group; lives as long as the application's Consumer, whose words are the contract of each call. Thread-safe.
/// Destroying it is close() without a wait.
class Subscription {
 public:
  virtual ~Subscription() = default;
  virtual Result<std::vector<Delivery>> receive(std::size_t max, const Wait& wait) = 0;
  virtual Result<Settled> settle(std::span<const Delivery> deliveries, const Settlement& how, const Wait& wait) = 0;
  virtual void ack_async(std::span<const Delivery> deliveries) = 0;
  virtual Status flush(const Wait& wait) = 0;
  virtual std::uint64_t stale_acks() const = 0;
  virtual Status set_credit(std::uint32_t credit) = 0;
  virtual Status give_back() = 0;
  virtual void interrupt() = 0;
  virtual void close(const Wait& wait) = 0;
  /// The limit of calls that are given no other.
  virtual Duration call_timeout() const = 0;
};

using Publishing = std::shared_ptr<PendingPublish::State>;

/// Whom the refusal of a publish concerns.
enum class Refusal : std::uint8_t {
  flushed,  ///< flush() and close() tell it, unless its PendingPublish has told it first
  awaited,  ///< a caller that waits for the outcome
};

/// Thread-safe. Each call ends by its Wait with a value, a refusal, or an error that says that the outcome is not known; the words
/// of Connection are the contract.
class Backend {
 public:
  virtual ~Backend() = default;
  /// The limit of calls that are given no other.
  virtual Duration call_timeout() const = 0;

  /// Takes the messages, atomically, and returns before they are stored. Waits for room while too much is unconfirmed; when there
  /// is none in time: overloaded, and on_room() will say.
  virtual Result<Publishing> publish(std::string_view queue, std::span<const Message> messages, Refusal refusal,
                                     const Wait& room) = 0;
  virtual void on_room(std::function<void()> callback) = 0;
  virtual Status flush(const Wait& wait) = 0;

  virtual Result<std::shared_ptr<Subscription>> subscribe(std::string_view queue, const ConsumerOptions& options,
                                                          const Wait& wait) = 0;
  /// An Error in the reply becomes the Result's.
  virtual Result<model::Reply> request(const model::Request& what, const Wait& wait) = 0;

  virtual ConnectionState state() const = 0;
  virtual std::string unreachable() const = 0;
  virtual void on_state_change(std::function<void(ConnectionState, std::string_view)> callback) = 0;
  virtual Status wait_connected(const Wait& wait) = 0;
  virtual Status close(const Wait& wait) = 0;
  /// True in the child of a fork, where nothing of this may be destroyed: it belongs to the parent.
  virtual bool forked() const noexcept = 0;
};

}  // namespace ackwire::backend
