// Messages read from Python objects, ready for the library.
#pragma once

#include <pybind11/pybind11.h>

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "ackwire/message.hpp"

namespace ackwire::python {

namespace py = pybind11;

/// What goes with one body. Objects as the caller gave them; None where nothing was given.
struct Extras {
  py::handle idempotency_key, ordering_key, headers, delay, ttl;
};

/// Owns references and buffers, so that the views in the messages stay valid while the GIL is released. Not copied: bodies
/// are read in place until the library has encoded them. Create and destroy with the GIL held.
class Outgoing {
 public:
  Outgoing() = default;
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  ~Outgoing();

  /// `place` names the message in errors: "" for a single one, "messages[3]." in a batch. Raises TypeError or ValueError.
  void add(py::handle body, const Extras& extras, const std::string& place);
  /// An item of publish_many: bytes-like, a dictionary, or an ackwire.Outgoing.
  void add_item(py::handle item, std::size_t position);

  std::span<const Message> messages() const { return messages_; }
  /// Bodies, keys and headers together.
  std::size_t bytes() const { return bytes_; }

 private:
  std::string_view bytes_like(py::handle value, const std::string& argument);
  std::string_view text_or_bytes(py::handle value, const std::string& argument);
  std::span<const Header> headers(py::handle value, const std::string& argument);

  std::vector<Message> messages_;
  std::size_t bytes_ = 0;
  std::vector<py::object> kept_;
  std::deque<Py_buffer> buffers_;
  std::deque<std::vector<Header>> headers_;
};

}  // namespace ackwire::python
