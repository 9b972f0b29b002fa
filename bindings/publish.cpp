// Publish: one message, many, or many single ones under way at once.
#include <deque>

#include "ackwire/limits.hpp"
#include "connection.hpp"
#include "outgoing.hpp"

namespace ackwire::python {
namespace {

/// Chunks of publish_many that may be under way at once: enough to keep every publish frame of the client busy.
constexpr std::size_t chunks_in_flight = 32;

Receipt one(Result<std::vector<Receipt>>&& result) { return take(std::move(result)).at(0); }

/// A publish under way. Thread-safe.
struct Pending {
  std::shared_ptr<ConnectionHandle> connection;
  PendingPublish publish;

  Receipt wait(Duration limit) const { return one(connection->outcome(publish, limit)); }
};

/// What publish_many has so far, kept in order while chunks are under way.
class Chunks {
 public:
  Chunks(ConnectionHandle& connection, const std::string& queue) : connection_(connection), queue_(queue) {}

  void send(const Outgoing& chunk) {
    if (under_way_.size() >= chunks_in_flight) collect();
    try {
      under_way_.push_back({connection_.publish_async(queue_, chunk.messages()), sent_, chunk.messages().size()});
    } catch (py::error_already_set& error) {
      if (!py::hasattr(error.value(), "receipts")) throw;  // KeyboardInterrupt: do not wait for anything more
      fail(error, sent_);
    }
    sent_ += chunk.messages().size();
  }

  /// Reads with `read`. Whatever an item or the iterable raises says what was sent before; nothing of the chunk at hand was.
  template <class F>
  bool reading(F&& read) {
    try {
      return read();
    } catch (const py::builtin_exception& error) {
      error.set_error();
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_Exception)) throw;  // KeyboardInterrupt, SystemExit: do not wait for anything more
      error.restore();
    }
    py::error_already_set raised;
    tell(raised);
    throw raised;
  }

  py::list finish() {
    while (!under_way_.empty()) collect();
    return receipts_;
  }

 private:
  struct UnderWay {
    PendingPublish publish;
    std::size_t first = 0;
    std::size_t count = 0;
  };

  void collect() {
    const UnderWay chunk = std::move(under_way_.front());
    under_way_.pop_front();
    auto result = connection_.outcome(chunk.publish, connection_.call_timeout());
    if (!result) {
      const Error& error = result.error();
      fill(chunk.count);
      try {
        raise(error);
      } catch (py::error_already_set& raised) {
        fail(raised, chunk.first);
      }
    }
    for (const Receipt& receipt : *result) receipts_.append(receipt);
  }

  /// What is known of every message goes along with the error, so that a caller need not guess what was stored.
  void tell(const py::error_already_set& error) {
    while (!under_way_.empty()) {
      const UnderWay chunk = std::move(under_way_.front());
      under_way_.pop_front();
      auto result = connection_.outcome(chunk.publish, connection_.call_timeout());
      if (!result) {
        fill(chunk.count);
      } else {
        for (const Receipt& receipt : *result) receipts_.append(receipt);
      }
    }
    if (PyObject_SetAttrString(error.value().ptr(), "receipts", receipts_.ptr()) != 0) PyErr_Clear();  // it takes no attributes
  }

  [[noreturn]] void fail(py::error_already_set& error, std::size_t first) {
    tell(error);
    const py::object value = error.value();
    if (!value.attr("index").is_none()) value.attr("index") = py::int_(value.attr("index").cast<std::size_t>() + first);
    throw error;
  }

  void fill(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) receipts_.append(py::none());
  }

  ConnectionHandle& connection_;
  const std::string& queue_;
  std::deque<UnderWay> under_way_;
  py::list receipts_;
  std::size_t sent_ = 0;
};

py::list publish_many(ConnectionHandle& self, const std::string& queue, const py::iterable& messages, std::size_t chunk_messages,
                      std::size_t chunk_bytes) {
  self.live();
  Chunks chunks(self, queue);
  const py::iterator items = py::iter(messages);
  std::size_t position = 0;
  auto chunk = std::make_unique<Outgoing>();
  const auto read = [&] {
    const auto item = py::reinterpret_steal<py::object>(PyIter_Next(items.ptr()));
    if (!item && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (item) chunk->add_item(item, position++);
    return static_cast<bool>(item);
  };
  while (chunks.reading(read)) {
    if (chunk->messages().size() < chunk_messages && chunk->bytes() < chunk_bytes) continue;
    chunks.send(*chunk);
    chunk = std::make_unique<Outgoing>();
  }
  if (!chunk->messages().empty()) chunks.send(*chunk);
  return chunks.finish();
}

void bind_receipt(py::module_& module) {
  py::class_<Receipt> receipt(module, "Receipt", "What a publish returns, after the synced commit.");
  receipt.attr("__module__") = "ackwire";
  receipt
      .def(py::init([](std::uint64_t sequence, bool duplicate, bool differs) {
             return Receipt{sequence, duplicate, differs};
           }),
           py::arg("sequence"), py::arg("duplicate") = false, py::arg("differs") = false)
      .def_readonly("sequence", &Receipt::sequence, "Position in the queue; rises strictly, never reused.")
      .def_readonly("differs", &Receipt::differs,
                    "Of a duplicate: its headers, ordering key, or having a delay or ttl, are not the original's, which hold.")
      .def_readonly("duplicate", &Receipt::duplicate,
                    "True: the key was known, nothing was stored, ``sequence`` is the original's.")
      .def("__eq__",
           [](const Receipt& a, const py::object& other) {
             if (!py::isinstance<Receipt>(other)) return false;
             const auto& b = other.cast<const Receipt&>();
             return a.sequence == b.sequence && a.duplicate == b.duplicate && a.differs == b.differs;
           })
      .def("__hash__", [](const Receipt& self) { return std::hash<std::uint64_t>{}(self.sequence * 2 + (self.duplicate ? 1 : 0)); })
      .def("__repr__",
           [](const Receipt& self) {
             return "Receipt(sequence=" + std::to_string(self.sequence) + ", duplicate=" + (self.duplicate ? "True" : "False") +
                    ")";
           })
      .def("__reduce__", [](const py::object& self) {
        return py::make_tuple(py::type::of(self),
                              py::make_tuple(self.attr("sequence"), self.attr("duplicate"), self.attr("differs")));
      });
}

/// A way to publish one message: `publish` is given it as read from the arguments, which are the same for all of them.
template <class Publish>
void bind_one(ConnectionClass& connection, const char* name, Publish publish) {
  connection.def(
      name,
      [publish](ConnectionHandle& self, const std::string& queue, py::handle body, py::handle idempotency_key,
                py::handle ordering_key, py::handle headers, py::handle delay, py::handle ttl) {
        Outgoing outgoing;
        outgoing.add(body, {idempotency_key, ordering_key, headers, delay, ttl}, {});
        return publish(self, queue, outgoing.messages());
      },
      py::arg("queue"), py::arg("body"), py::arg("idempotency_key"), py::arg("ordering_key"), py::arg("headers"), py::arg("delay"),
      py::arg("ttl"));
}

}  // namespace

void bind_publish(py::module_& module, ConnectionClass& connection) {
  bind_receipt(module);
  py::class_<Pending>(module, "PendingPublish")
      .def(
          "wait", [](const Pending& self, std::int64_t wait_ms) { return self.wait(Duration{wait_ms}); }, py::arg("wait_ms"))
      .def_property_readonly("done", [](const Pending& self) { return self.publish.done(); });

  using Messages = std::span<const Message>;
  bind_one(connection, "publish",
           [](ConnectionHandle& self, const std::string& queue, Messages messages) { return self.publish(queue, messages).at(0); });
  bind_one(connection, "publish_async", [](ConnectionHandle& self, const std::string& queue, Messages messages) {
    return Pending{self.shared_from_this(), self.publish_async(queue, messages)};
  });
  bind_one(connection, "try_publish", [](ConnectionHandle& self, const std::string& queue, Messages messages) {
    return Pending{self.shared_from_this(), self.try_publish(queue, messages)};
  });
  connection.def("room_descriptor", &ConnectionHandle::room_descriptor)
      .def("publish_many", &publish_many, py::arg("queue"), py::arg("messages"), py::arg("chunk_messages"), py::arg("chunk_bytes"))
      .def(
          "flush", [](ConnectionHandle& self, std::int64_t wait_ms) { self.flush(Duration{wait_ms}); }, py::arg("wait_ms"));

  module.attr("BATCH_MESSAGES") = limits::batch_messages;
  module.attr("BATCH_BYTES") = limits::batch_bytes;
}

}  // namespace ackwire::python
