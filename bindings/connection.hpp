// One open broker or client, as Python holds it.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <condition_variable>
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

/// Says that a connection was let go of by the last thread that was inside a call of it.
struct Release {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
};

/// A descriptor that an event loop watches: written when there is room for publishes again.
class RoomSignal {
 public:
  RoomSignal();
  ~RoomSignal();
  RoomSignal(const RoomSignal&) = delete;
  RoomSignal& operator=(const RoomSignal&) = delete;
  int descriptor() const { return descriptor_; }
  void raise() const noexcept;

 private:
  const int descriptor_;
};

/// Thread-safe. Every use goes through live(), which holds the connection for the length of one call, so that a close on
/// another thread never pulls it away. In the child of a fork the connection is left alone, not destroyed: its threads and
/// its store belong to the parent.
class ConnectionHandle : public std::enable_shared_from_this<ConnectionHandle> {
 public:
  static std::shared_ptr<ConnectionHandle> open(const std::string& path, const BrokerOptions& options);
  static std::shared_ptr<ConnectionHandle> connect(const std::string& endpoint, const ClientOptions& options);
  template <class T>
  ConnectionHandle(std::unique_ptr<T> connection, Broker* broker, Duration call_timeout)
      : call_timeout_(call_timeout), broker_(broker), connection_(connection.release(), Releaser{release_}) {}
  ~ConnectionHandle();

  /// Raises ClosedError or ForkedError.
  std::shared_ptr<Connection> live() const;
  /// The broker of this process, or null for a client.
  Broker* broker() const { return broker_; }
  bool closed() const;
  bool forked() const { return generation_ != fork_generation(); }
  Duration call_timeout() const { return call_timeout_; }

  /// What the calls of Connection do, without the GIL, looking at signals.
  std::vector<Receipt> publish(const std::string& queue, std::span<const Message> messages);
  PendingPublish publish_async(const std::string& queue, std::span<const Message> messages);
  PendingPublish try_publish(const std::string& queue, std::span<const Message> messages);
  void flush(Duration wait);
  Result<std::vector<Receipt>> outcome(const PendingPublish& pending, Duration limit) const;
  /// Becomes readable when try_publish() was refused for want of room and there is some again. Stays open as long as this.
  int room_descriptor();

  /// Idempotent. Raises the first refusal that nobody was told of, or what close() of the library says, e.g. how many publishes
  /// have no outcome.
  void close(Duration wait);
  /// Without the GIL, at the end of the interpreter or of the object.
  Status shut(Duration wait);
  /// A stop was asked for: consumers that wait look whether they still want to.
  void interrupt();
  /// Consumers are told before the connection is closed. With the GIL; the call that comes back is for without.
  void add_consumer(const std::shared_ptr<ConsumerHandle>& consumer);
  std::function<void()> farewell();

 private:
  /// Ends the connection, then says so.
  struct Releaser {
    std::shared_ptr<Release> release;
    void operator()(Connection* connection) const {
      delete connection;
      const std::lock_guard lock(release->mutex);
      release->released = true;
      release->changed.notify_all();
    }
  };

  const unsigned generation_ = fork_generation();
  const Duration call_timeout_;
  Broker* const broker_;
  const std::shared_ptr<Release> release_ = std::make_shared<Release>();
  std::shared_ptr<RoomSignal> room_;                      // protected by the GIL
  std::vector<std::weak_ptr<ConsumerHandle>> consumers_;  // protected by the GIL

  mutable std::mutex mutex_;
  // State below is protected by mutex_.
  std::shared_ptr<Connection> connection_;
};

/// Closes every open connection of this process. Called by atexit.
void close_all();
/// From now on no consumer of this process hands out anything. With the GIL.
void stop_all();

using ConnectionClass = py::class_<ConnectionHandle, std::shared_ptr<ConnectionHandle>>;

ConnectionClass bind_connection(py::module_& module);
void bind_queue(ConnectionClass& connection);
void bind_publish(py::module_& module, ConnectionClass& connection);
void bind_consumer(py::module_& module, ConnectionClass& connection);
void bind_delivery(py::module_& module);
void bind_dead_letter(ConnectionClass& connection);
void bind_stats(ConnectionClass& connection);

}  // namespace ackwire::python
