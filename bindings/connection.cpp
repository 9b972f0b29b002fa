#include "connection.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

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

/// Those of this process.
std::vector<std::shared_ptr<ConnectionHandle>> handles() {
  std::vector<std::shared_ptr<ConnectionHandle>> made;
  const std::lock_guard lock(open_handles->mutex);
  for (const auto& weak : open_handles->handles) {
    if (auto handle = weak.lock(); handle && !handle->forked()) made.push_back(std::move(handle));
  }
  return made;
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

RoomSignal::RoomSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
}

RoomSignal::~RoomSignal() { ::close(descriptor_); }

void RoomSignal::raise() const noexcept {
  const std::uint64_t one = 1;
  // Full means that it is readable already.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

ConnectionHandle::~ConnectionHandle() {
  if (forked()) {
    // Leaked on purpose: destroying it would join threads that do not exist here.
    new std::shared_ptr<Connection>(std::move(connection_));
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
  auto broker = std::make_unique<Broker>(take(apart([path, options] { return Broker::open(path, options); })));
  Broker* const listens = broker.get();
  return enlist(std::make_shared<ConnectionHandle>(std::move(broker), listens, options.call_timeout));
}

std::shared_ptr<ConnectionHandle> ConnectionHandle::connect(const std::string& endpoint, const ClientOptions& options) {
  auto client = std::make_unique<Client>(take(apart([endpoint, options] { return Client::connect(endpoint, options); })));
  watch_changes(*client, endpoint);
  return enlist(std::make_shared<ConnectionHandle>(std::move(client), nullptr, options.call_timeout));
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

std::vector<Receipt> ConnectionHandle::publish(const std::string& queue, std::span<const Message> messages) {
  auto connection = live();
  return take(interruptible([&] { return connection->publish(queue, messages); }));
}

PendingPublish ConnectionHandle::publish_async(const std::string& queue, std::span<const Message> messages) {
  auto connection = live();
  return take(interruptible([&] { return connection->publish_async(queue, messages); }));
}

PendingPublish ConnectionHandle::try_publish(const std::string& queue, std::span<const Message> messages) {
  auto connection = live();
  return take(unlocked([&] { return connection->try_publish(queue, messages); }));
}

void ConnectionHandle::flush(Duration wait) {
  auto connection = live();
  take(interruptible([&] { return connection->flush(wait); }));
}

Result<std::vector<Receipt>> ConnectionHandle::outcome(const PendingPublish& pending, Duration limit) const {
  if (forked()) raise(forked_error());
  return interruptible([&] { return pending.wait(limit); });
}

int ConnectionHandle::room_descriptor() {
  auto connection = live();
  if (!room_) {
    room_ = std::make_shared<RoomSignal>();
    unlocked([&] {
      connection->on_room([room = room_] { room->raise(); });
      return true;
    });
  }
  return room_->descriptor();
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
  // Other threads may be inside a call: it ends soon now. The store is free again once the last one lets go.
  connection.reset();
  std::unique_lock lock(release_->mutex);
  Wait{release_wait}.on(release_->changed, lock, [&] { return release_->released; });
  return status;
}

void ConnectionHandle::close(Duration wait) {
  if (forked()) return;  // the parent closes what is the parent's
  take(apart([self = shared_from_this(), wait, farewell = farewell()] {
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

void ConnectionHandle::interrupt() {
  const auto consumers = consumers_;  // one that is destroyed here lets other threads in
  for (const auto& weak : consumers) {
    if (const auto consumer = weak.lock()) consumer->interrupt();
  }
}

void stop_all() {
  stop_handing_out();
  for (const auto& handle : handles()) handle->interrupt();
}

void close_all() {
  end_changes();  // connections that end now are no news
  const auto open = handles();
  std::vector<std::function<void()>> farewells;
  for (const auto& handle : open) farewells.push_back(handle->farewell());
  unlocked([&] {
    for (const auto& farewell : farewells) farewell();
    for (const auto& handle : open) (void)handle->shut(exit_wait);
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
            return take(apart([live, broker = self.broker(), endpoint] { return broker->listen(endpoint); }));
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
