#include "changes.hpp"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "waiting.hpp"

namespace ackwire::python {
namespace {

constexpr std::size_t changes_kept = 1'000;

struct Change {
  std::uint64_t client = 0;
  std::string endpoint;
  ConnectionState state{};
  std::string reason;
};

struct Changes {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Change> waiting;
  std::uint64_t clients = 0;
  bool over = false;
};

// Never destroyed: library threads may outlive the statics. Replaced in the child of a fork, whose copy may be locked.
Changes* changes = new Changes;

void changes_in_child() { changes = new Changes; }

void add(Change change) {
  const std::lock_guard lock(changes->mutex);
  if (changes->waiting.size() == changes_kept) changes->waiting.pop_front();
  changes->waiting.push_back(std::move(change));
  changes->changed.notify_all();
}

const char* name(ConnectionState state) {
  switch (state) {
    case ConnectionState::connecting: return "connecting";
    case ConnectionState::connected: return "connected";
    case ConnectionState::disconnected: return "disconnected";
    case ConnectionState::closed: break;
  }
  return "closed";
}

/// One change; None: none came in time; False: none will come any more.
py::object next_change(Duration wait) {
  bool over = false;
  const auto change = unlocked([&]() -> std::optional<Change> {
    std::unique_lock lock(changes->mutex);
    Wait{wait}.on(changes->changed, lock, [] { return changes->over || !changes->waiting.empty(); });
    over = changes->over;
    if (over || changes->waiting.empty()) return std::nullopt;
    Change first = std::move(changes->waiting.front());
    changes->waiting.pop_front();
    return first;
  });
  if (over) return py::bool_(false);
  if (!change) return py::none();
  const py::str reason = py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(change->reason.data(), static_cast<Py_ssize_t>(change->reason.size()), "backslashreplace"));
  return py::make_tuple(change->client, change->endpoint, name(change->state), reason);
}

}  // namespace

void watch_changes(Client& client, const std::string& endpoint) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(changes->mutex);
    id = ++changes->clients;
  }
  client.on_state_change([id, endpoint](ConnectionState state, std::string_view reason) {
    add({id, endpoint, state, std::string(reason)});
  });
  if (const ConnectionState now = client.state(); now != ConnectionState::connected) {
    add({id, endpoint, now, "the broker has not answered yet"});
  }
}

void end_changes() {
  const std::lock_guard lock(changes->mutex);
  changes->over = true;
  changes->changed.notify_all();
}

void bind_changes(py::module_& module) {
  ::pthread_atfork(nullptr, nullptr, changes_in_child);
  module.def(
      "next_change", [](std::int64_t wait_ms) { return next_change(Duration{wait_ms}); }, py::arg("wait_ms"));
}

}  // namespace ackwire::python
