#include "options.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace ackwire::python {
namespace {

template <class T>
struct Held {
  using type = T;
};
template <class T>
struct Held<std::optional<T>> {
  using type = T;
};

/// Takes members out of a dictionary one by one; what is left at the end was not known.
class Reader {
 public:
  explicit Reader(const py::dict& values) : left_(py::reinterpret_steal<py::dict>(PyDict_Copy(values.ptr()))) {}

  template <class T>
  Reader& read(const char* name, T& member) {
    if (!left_.contains(name)) return *this;
    const py::object value = left_.attr("pop")(name);
    if (value.is_none()) return *this;
    using V = typename Held<T>::type;
    try {
      if constexpr (std::is_same_v<V, Duration>) {
        member = Duration{value.cast<std::int64_t>()};
      } else if constexpr (std::is_same_v<V, OnExpiry>) {
        member = on_expiry(value.cast<std::string>());
      } else {
        member = value.cast<V>();
      }
    } catch (const py::cast_error&) {
      // The Python side has checked the kind of value, so what does not fit here is a number out of its type's range.
      throw py::value_error(std::string(name) + " does not take the value " + py::repr(value).cast<std::string>());
    }
    return *this;
  }

  void end() const {
    for (const auto& [name, value] : left_) throw py::type_error("unknown option '" + py::str(name).cast<std::string>() + "'");
  }

 private:
  static OnExpiry on_expiry(const std::string& text) {
    if (text == "dead_letter") return OnExpiry::dead_letter;
    if (text == "discard") return OnExpiry::discard;
    throw py::value_error("on_expiry must be 'dead_letter' or 'discard', not '" + text + "'");
  }

  py::dict left_;
};

}  // namespace

BrokerOptions broker_options(const py::dict& options) {
  BrokerOptions made;
  Reader(options)
      .read("store_bytes_limit", made.store_bytes_limit)
      .read("store_soft_limit", made.store_soft_limit)
      .read("disk_floor_bytes", made.disk_floor_bytes)
      .read("commit_max_frames", made.commit_max_frames)
      .read("commit_max_bytes", made.commit_max_bytes)
      .read("max_sessions", made.max_sessions)
      .read("session_timeout", made.session_timeout)
      .read("session_outbox_bytes", made.session_outbox_bytes)
      .read("seed", made.seed)
      .read("accept_rollback", made.accept_rollback)
      .read("accept_clock", made.accept_clock)
      .read("unsafe_filesystem", made.unsafe_filesystem)
      .read("call_timeout", made.call_timeout)
      .end();
  return made;
}

ClientOptions client_options(const py::dict& options) {
  ClientOptions made;
  Reader(options)
      .read("name", made.name)
      .read("connect_timeout", made.connect_timeout)
      .read("call_timeout", made.call_timeout)
      .read("heartbeat", made.heartbeat)
      .read("reconnect_initial", made.reconnect_initial)
      .read("reconnect_max", made.reconnect_max)
      .read("max_unconfirmed", made.max_unconfirmed)
      .read("max_unconfirmed_bytes", made.max_unconfirmed_bytes)
      .read("frames_in_flight", made.frames_in_flight)
      .read("frame_target_bytes", made.frame_target_bytes)
      .end();
  return made;
}

QueueChange queue_change(const py::dict& settings) {
  QueueChange made;
  Reader(settings)
      .read("visibility_timeout", made.visibility_timeout)
      .read("max_attempts", made.max_attempts)
      .read("backoff_initial", made.backoff_initial)
      .read("backoff_multiplier", made.backoff_multiplier)
      .read("backoff_max", made.backoff_max)
      .read("backoff_jitter", made.backoff_jitter)
      .read("ttl", made.ttl)
      .read("on_expiry", made.on_expiry)
      .read("dedupe_window", made.dedupe_window)
      .read("max_depth", made.max_depth)
      .read("max_depth_bytes", made.max_depth_bytes)
      .read("max_in_flight", made.max_in_flight)
      .read("max_message_bytes", made.max_message_bytes)
      .read("paused", made.paused)
      .end();
  return made;
}

}  // namespace ackwire::python
