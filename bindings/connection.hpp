// One open broker or client, as Python holds it.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ackwire/broker.hpp"
#include "ackwire/client.hpp"
#include "errors.hpp"
#include "waiting.hpp"

namespace ackwire::python {

class ConsumerHandle;

/// Set by whoever was told the outcome of a publish.
using Told = std::shared_ptr<std::atomic<bool>>;

/// Thread-safe. Every use goes through live(), which holds the connection for the length of one call, so that a close on
/// another thread never pulls it away. In the child of a fork the connection is left alone, not destroyed: its threads and
/// its store belong to the parent.
class ConnectionHandle : public std::enable_shared_from_this<ConnectionHandle> {
 public:
  static std::shared_ptr<ConnectionHandle> open(const std::string& path, const BrokerOptions& options);
  static std::shared_ptr<ConnectionHandle> connect(const std::string& endpoint, const ClientOptions& options);
  ConnectionHandle(std::shared_ptr<Connection> connection, Broker* broker, Duration call_timeout, std::size_t max_messages,
                   std::size_t max_bytes);
  ~ConnectionHandle();

  /// Raises ClosedError or ForkedError.
  std::shared_ptr<Connection> live() const;
  /// The broker of this process, or null for a client.
  Broker* broker() const { return broker_; }
  bool closed() const;
  bool forked() const { return generation_ != fork_generation(); }
  Duration call_timeout() const { return call_timeout_; }

  /// Starts a publish; waits in slices while too much is unconfirmed, which the library would do without looking at signals.
  /// `told`: becomes true when the caller has heard the outcome; until then flush() and close() report a refusal. Null: the
  /// caller waits for it.
  PendingPublish publish(const std::string& queue, std::span<const Message> messages, std::size_t bytes, Told told);
  /// Waits until every publish so far has an outcome. Raises the first refusal that nobody was told of, or a timeout.
  void flush(Duration wait);
  /// Waits in slices. A timeout error when the outcome is not known in time.
  Result<std::vector<Receipt>> outcome(const PendingPublish& pending, Duration limit) const;

  /// Idempotent. Raises the first refusal that nobody was told of, or what close() of the library says, e.g. how many publishes
  /// have no outcome.
  void close(Duration wait);
  /// Without the GIL, at the end of the interpreter or of the object.
  Status shut(Duration wait);
  /// Consumers are told before the connection is closed. With the GIL; the call that comes back is for without.
  void add_consumer(const std::shared_ptr<ConsumerHandle>& consumer);
  std::function<void()> farewell();

 private:
  struct Unconfirmed {
    PendingPublish pending;
    std::size_t messages = 0;
    std::size_t bytes = 0;
    Told told;
  };
  struct Refusal {
    Error error;
    Told told;
  };
  static constexpr std::size_t refusals_kept = 1'000;
  /// Takes what is done off the front. mutex_ held, as for the next two.
  void forget_confirmed();
  void note_refusal(const Unconfirmed& of);
  std::optional<Error> take_refusal();
  /// After the connection was closed.
  std::optional<Error> last_refusal();

  const unsigned generation_ = fork_generation();
  const Duration call_timeout_;
  const std::size_t max_messages_;
  const std::size_t max_bytes_;
  Broker* const broker_;
  std::vector<std::weak_ptr<ConsumerHandle>> consumers_;  // protected by the GIL

  mutable std::mutex mutex_;
  // State below is protected by mutex_.
  std::shared_ptr<Connection> connection_;
  std::deque<Unconfirmed> unconfirmed_;
  std::size_t unconfirmed_messages_ = 0;
  std::size_t unconfirmed_bytes_ = 0;
  std::deque<Refusal> refusals_;  // since the last flush
};

/// Closes every open connection of this process. Called by atexit.
void close_all();

using ConnectionClass = py::class_<ConnectionHandle, std::shared_ptr<ConnectionHandle>>;

ConnectionClass bind_connection(py::module_& module);
void bind_queue(ConnectionClass& connection);
void bind_publish(py::module_& module, ConnectionClass& connection);
void bind_consumer(py::module_& module, ConnectionClass& connection);
void bind_delivery(py::module_& module);
void bind_dead_letter(ConnectionClass& connection);
void bind_stats(ConnectionClass& connection);

}  // namespace ackwire::python
