#include "connection.hpp"

#include <algorithm>
#include <thread>

#include "changes.hpp"
#include "consumer.hpp"
#include "options.hpp"

namespace ackwire::python {
namespace {

constexpr Duration exit_wait{2'000};     ///< for one connection, at the end of the interpreter
constexpr Duration release_wait{5'000};  ///< for calls on other threads to let go of a closed connection

struct Open {
  std::mutex mutex;
  std::vector<std::weak_ptr<ConnectionHandle>> handles;
};
Open* open_handles = new Open;  // never destroyed: handles may outlive the statics

std::shared_ptr<ConnectionHandle> enlist(std::shared_ptr<ConnectionHandle> handle) {
  std::lock_guard lock(open_handles->mutex);
  auto& handles = open_handles->handles;
  handles.erase(std::remove_if(handles.begin(), handles.end(), [](const auto& weak) { return weak.expired(); }), handles.end());
  handles.push_back(handle);
  return handle;
}

/// The publish is known not to be stored.
bool definite(const Error& error) {
  return error.code != Errc::indeterminate && error.code != Errc::disconnected && error.code != Errc::timeout &&
         error.code != Errc::closed;
}

Error closed_error() {
  return {Errc::closed, "This handle is closed. What was confirmed is stored; open or connect again.", {}, {}};
}

Error forked_error() {
  return {Errc::forked,
          "The process forked after this handle was made: it belongs to the parent, where nothing was lost. "
          "Open or connect in the child, or start processes with the method \"spawn\".",
          {},
          {}};
}

}  // namespace

ConnectionHandle::ConnectionHandle(std::shared_ptr<Connection> connection, Broker* broker, Duration call_timeout,
                                   std::size_t max_messages, std::size_t max_bytes)
    : call_timeout_(call_timeout),
      max_messages_(max_messages),
      max_bytes_(max_bytes),
      broker_(broker),
      connection_(std::move(connection)) {}

ConnectionHandle::~ConnectionHandle() {
  if (forked()) {
    // Leaked on purpose: destroying it would join threads that do not exist here.
    new std::shared_ptr<Connection>(std::move(connection_));
    new std::deque<Unconfirmed>(std::move(unconfirmed_));
    return;
  }
  auto shut_here = [this] {
    (void)shut(exit_wait);
    return true;
  };
  if (PyGILState_Check() != 0) {
    unlocked(shut_here);
  } else {
    shut_here();
  }
}

std::shared_ptr<ConnectionHandle> ConnectionHandle::open(const std::string& path, const BrokerOptions& options) {
  auto broker = take(interruptible([path, options] { return Broker::open(path, options); }));
  auto shared = std::make_shared<Broker>(std::move(broker));
  const ClientOptions limits;
  return enlist(std::make_shared<ConnectionHandle>(shared, shared.get(), options.call_timeout, limits.max_unconfirmed,
                                                   limits.max_unconfirmed_bytes));
}

std::shared_ptr<ConnectionHandle> ConnectionHandle::connect(const std::string& endpoint, const ClientOptions& options) {
  auto client = take(interruptible([endpoint, options] { return Client::connect(endpoint, options); }));
  auto shared = std::make_shared<Client>(std::move(client));
  watch_changes(*shared, endpoint);
  return enlist(std::make_shared<ConnectionHandle>(shared, nullptr, options.call_timeout, options.max_unconfirmed,
                                                   options.max_unconfirmed_bytes));
}

std::shared_ptr<Connection> ConnectionHandle::live() const {
  if (forked()) raise(forked_error());
  std::shared_ptr<Connection> connection;
  {
    std::lock_guard lock(mutex_);
    connection = connection_;
  }
  if (!connection) raise(closed_error());
  return connection;
}

bool ConnectionHandle::closed() const {
  if (forked()) return true;
  std::lock_guard lock(mutex_);
  return !connection_;
}

void ConnectionHandle::forget_confirmed() {
  while (!unconfirmed_.empty() && unconfirmed_.front().pending.done()) {
    const Unconfirmed& front = unconfirmed_.front();
    note_refusal(front);
    unconfirmed_messages_ -= front.messages;
    unconfirmed_bytes_ -= front.bytes;
    unconfirmed_.pop_front();
  }
}

void ConnectionHandle::note_refusal(const Unconfirmed& of) {
  if (!of.told || *of.told) return;
  auto result = of.pending.wait(Duration{0});
  if (result) return;
  std::erase_if(refusals_, [](const Refusal& refusal) { return refusal.told->load(); });
  if (refusals_.size() < refusals_kept) refusals_.push_back({std::move(result).error(), of.told});
}

std::optional<Error> ConnectionHandle::take_refusal() {
  std::optional<Error> first;
  for (Refusal& refusal : std::exchange(refusals_, {})) {
    if (!*refusal.told && !first) first = std::move(refusal.error);
  }
  return first;
}

PendingPublish ConnectionHandle::publish(const std::string& queue, std::span<const Message> messages, std::size_t bytes,
                                         Told told) {
  auto connection = live();
  const auto deadline = deadline_after(call_timeout_);
  for (;;) {
    PendingPublish oldest;
    {
      std::lock_guard lock(mutex_);
      forget_confirmed();
      const bool fits = unconfirmed_messages_ + messages.size() <= max_messages_ && unconfirmed_bytes_ + bytes <= max_bytes_;
      if (fits || unconfirmed_.empty()) break;
      oldest = unconfirmed_.front().pending;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      raise({Errc::timeout,
             "Too many publishes have no answer yet, and none came in time. This one was not sent; try again later.",
             {},
             {}});
    }
    unlocked([&] { return oldest.wait(wait_slice).ok(); });
    check_signals();
  }
  auto pending = take(unlocked([&] { return connection->publish_async(queue, messages); }));
  std::lock_guard lock(mutex_);
  unconfirmed_.push_back({pending, messages.size(), bytes, std::move(told)});
  unconfirmed_messages_ += messages.size();
  unconfirmed_bytes_ += bytes;
  return pending;
}

void ConnectionHandle::flush(Duration wait) {
  live();
  const auto deadline = deadline_after(wait);
  for (;;) {
    PendingPublish oldest;
    {
      std::lock_guard lock(mutex_);
      forget_confirmed();
      if (unconfirmed_.empty()) break;
      oldest = unconfirmed_.front().pending;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      raise({Errc::timeout, "Publishes have no answer yet. They are under way, and the library keeps at it; flush again.", {}, {}});
    }
    unlocked([&] { return oldest.wait(wait_slice).ok(); });
    check_signals();
  }
  std::optional<Error> refusal;
  {
    std::lock_guard lock(mutex_);
    refusal = take_refusal();
  }
  if (refusal) raise(*refusal);
}

Result<std::vector<Receipt>> ConnectionHandle::outcome(const PendingPublish& pending, Duration limit) const {
  if (forked()) raise(forked_error());
  const auto deadline = deadline_after(limit);
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
    const Duration slice = std::clamp<Duration>(left, Duration{0}, wait_slice);
    auto result = unlocked([&] { return pending.wait(slice); });
    if (result.ok() || pending.done() || left <= Duration{0}) return result;
    check_signals();
  }
}

std::optional<Error> ConnectionHandle::last_refusal() {
  std::lock_guard lock(mutex_);
  for (const Unconfirmed& of : std::exchange(unconfirmed_, {})) {
    // Those without an outcome are counted in what close() of the library says.
    auto result = of.pending.wait(Duration{0});
    if (!result && definite(result.error())) note_refusal(of);
  }
  unconfirmed_messages_ = unconfirmed_bytes_ = 0;
  return take_refusal();
}

Status ConnectionHandle::shut(Duration wait) {
  std::shared_ptr<Connection> connection;
  {
    std::lock_guard lock(mutex_);
    connection = std::move(connection_);
    connection_.reset();
  }
  if (!connection) return {};
  Status status = connection->close(wait);
  if (auto refusal = last_refusal()) {
    if (!status) refusal->message += " " + status.error().message;
    status = *std::move(refusal);
  }
  // Other threads may be inside a call: it ends soon now. The store is free again once the last one lets go.
  std::weak_ptr<Connection> weak = connection;
  connection.reset();
  const auto deadline = std::chrono::steady_clock::now() + release_wait;
  while (!weak.expired() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(Duration{1});
  return status;
}

void ConnectionHandle::close(Duration wait) {
  if (forked()) return;  // the parent closes what is the parent's
  take(interruptible([self = shared_from_this(), wait, farewell = farewell()] {
    farewell();
    return self->shut(wait);
  }));
}

void ConnectionHandle::add_consumer(const std::shared_ptr<ConsumerHandle>& consumer) {
  std::erase_if(consumers_, [](const auto& weak) { return weak.expired(); });
  consumers_.push_back(consumer);
}

/// Messages that wait for their turn in the program when it closes were not begun: they go back as what was read ahead does.
std::function<void()> ConnectionHandle::farewell() {
  std::vector<std::pair<std::shared_ptr<ConsumerHandle>, std::vector<Delivery>>> waiting;
  for (const auto& weak : std::exchange(consumers_, {})) {
    auto consumer = weak.lock();
    if (!consumer || consumer->closed()) continue;
    if (auto untouched = consumer->untouched(); !untouched.empty()) waiting.emplace_back(std::move(consumer), std::move(untouched));
  }
  return [waiting = std::move(waiting)] {
    for (const auto& [consumer, untouched] : waiting) consumer->release(untouched);
  };
}

void close_all() {
  end_changes();  // connections that end now are no news
  std::vector<std::shared_ptr<ConnectionHandle>> handles;
  {
    std::lock_guard lock(open_handles->mutex);
    for (const auto& weak : open_handles->handles) {
      if (auto handle = weak.lock(); handle && !handle->forked()) handles.push_back(std::move(handle));
    }
  }
  std::vector<std::function<void()>> farewells;
  for (const auto& handle : handles) farewells.push_back(handle->farewell());
  unlocked([&] {
    for (const auto& farewell : farewells) farewell();
    for (const auto& handle : handles) (void)handle->shut(exit_wait);
    return true;
  });
  // This thread holds the GIL here; give it away until the others have come back for theirs.
  PyThreadState* state = PyEval_SaveThread();
  wait_for_threads(Duration{1'000});
  PyEval_RestoreThread(state);
}

ConnectionClass bind_connection(py::module_& module) {
  ConnectionClass connection(module, "Connection");
  connection
      .def_static(
          "open",
          [](const std::string& path, const py::dict& options) { return ConnectionHandle::open(path, broker_options(options)); },
          py::arg("path"), py::arg("options"))
      .def_static(
          "connect",
          [](const std::string& endpoint, const py::dict& options) {
            return ConnectionHandle::connect(endpoint, client_options(options));
          },
          py::arg("endpoint"), py::arg("options"))
      .def(
          "close", [](ConnectionHandle& self, std::int64_t wait_ms) { self.close(Duration{wait_ms}); }, py::arg("wait_ms"))
      .def_property_readonly("closed", &ConnectionHandle::closed)
      .def_property_readonly("call_timeout_ms", [](const ConnectionHandle& self) { return self.call_timeout().count(); })
      .def(
          "listen",
          [](ConnectionHandle& self, const std::string& endpoint) {
            auto live = self.live();
            if (self.broker() == nullptr) throw py::type_error("only a broker listens");
            return take(interruptible([live, broker = self.broker(), endpoint] { return broker->listen(endpoint); }));
          },
          py::arg("endpoint"))
      .def("check_health",
           [](ConnectionHandle& self) {
             auto live = self.live();
             if (self.broker() == nullptr) throw py::type_error("only a broker has a health");
             take(self.broker()->health());
           })
      .def_property_readonly("state",
                             [](const ConnectionHandle& self) -> std::string {
                               if (self.closed()) return "closed";
                               switch (self.live()->state()) {
                                 case ConnectionState::connecting: return "connecting";
                                 case ConnectionState::connected: return "connected";
                                 case ConnectionState::disconnected: return "disconnected";
                                 case ConnectionState::closed: return "closed";
                               }
                               return "closed";
                             })
      .def(
          "wait_connected",
          [](ConnectionHandle& self, std::int64_t wait_ms) {
            take(interruptible([live = self.live(), wait_ms] { return live->wait_connected(Duration{wait_ms}); }));
          },
          py::arg("wait_ms"));
  return connection;
}

}  // namespace ackwire::python
