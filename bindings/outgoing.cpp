#include "outgoing.hpp"

#include <array>

#include "convert.hpp"

namespace ackwire::python {
namespace {

std::string kind(py::handle value) { return Py_TYPE(value.ptr())->tp_name; }

bool given(py::handle value) { return value.ptr() != nullptr && !value.is_none(); }

/// "30s", 2.5 or a timedelta, read by the one reader of durations, which is Python.
Duration duration(py::handle value, const std::string& argument) {
  if (!given(value)) return Duration{0};
  const py::handle read = python_function("ackwire._durations", "milliseconds");
  return Duration{read(value, argument).cast<std::int64_t>()};
}

/// Interned once; never freed, because they may be needed while the interpreter ends.
struct Names {
  static py::handle intern(const char* text) { return py::handle(PyUnicode_InternFromString(text)); }
  std::array<py::handle, 6> fields{intern("body"),    intern("idempotency_key"), intern("ordering_key"),
                                   intern("headers"), intern("delay"),           intern("ttl")};
};

const Names& names() {
  static const Names* made = new Names;
  return *made;
}

std::string unknown_key(py::handle item) {
  const py::set unknown(py::reinterpret_borrow<py::dict>(item));
  for (const py::handle field : names().fields) unknown.attr("discard")(field);
  const py::handle first = *unknown.begin();
  return " has the unknown key " + py::repr(first).cast<std::string>() +
         ": there are body, idempotency_key, ordering_key, headers, delay, ttl";
}

}  // namespace

Outgoing::~Outgoing() {
  for (Py_buffer& buffer : buffers_) PyBuffer_Release(&buffer);
}

std::string_view Outgoing::bytes_like(py::handle value, const std::string& argument) {
  if (PyBytes_CheckExact(value.ptr())) {
    kept_.push_back(py::reinterpret_borrow<py::object>(value));
    return {PyBytes_AS_STRING(value.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(value.ptr()))};
  }
  if (PyUnicode_Check(value.ptr())) {
    throw py::type_error(argument + " must be bytes-like, not str: encode it first, for example text.encode()");
  }
  if (PyObject_CheckBuffer(value.ptr()) == 0) throw py::type_error(argument + " must be bytes-like, not " + kind(value));
  Py_buffer buffer;
  if (PyObject_GetBuffer(value.ptr(), &buffer, PyBUF_SIMPLE) != 0) {
    PyErr_Clear();
    throw py::value_error(argument + " must be contiguous memory: pass bytes(" + argument + ")");
  }
  buffers_.push_back(buffer);
  return {static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len)};
}

std::string_view Outgoing::text_or_bytes(py::handle value, const std::string& argument) {
  if (PyBytes_Check(value.ptr())) return bytes_like(value, argument);
  if (!PyUnicode_Check(value.ptr())) throw py::type_error(argument + " must be str or bytes, not " + kind(value));
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
  if (utf8 != nullptr) {
    kept_.push_back(py::reinterpret_borrow<py::object>(value));
    return {utf8, static_cast<std::size_t>(size)};
  }
  PyErr_Clear();
  // Text made of received bytes that were not UTF-8 turns back into the same bytes.
  auto encoded = py::reinterpret_steal<py::object>(PyUnicode_AsEncodedString(value.ptr(), "utf-8", "surrogateescape"));
  if (!encoded) {
    PyErr_Clear();
    throw py::value_error(argument + " holds a surrogate that is not text: " + py::repr(value).cast<std::string>());
  }
  kept_.push_back(encoded);
  return {PyBytes_AS_STRING(encoded.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))};
}

std::span<const Header> Outgoing::headers(py::handle value, const std::string& argument) {
  auto dict = py::reinterpret_borrow<py::object>(value);
  if (!PyDict_Check(value.ptr())) {
    if (!py::hasattr(value, "keys")) throw py::type_error(argument + " must be a dict of str to str or bytes, not " + kind(value));
    dict = py::dict(dict);  // of another mapping; the views below are of its strings, which are kept
  }
  auto& made = headers_.emplace_back();
  PyObject* name = nullptr;
  PyObject* content = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict.ptr(), &at, &name, &content) != 0) {
    if (!PyUnicode_Check(name)) throw py::type_error(argument + " names must be str, not " + kind(name));
    Header header;
    header.name = text_or_bytes(name, argument + " names");
    header.value = text_or_bytes(content, argument + "[" + py::repr(name).cast<std::string>() + "]");
    bytes_ += header.name.size() + header.value.size();
    made.push_back(header);
  }
  return made;
}

void Outgoing::add(py::handle body, const Extras& extras, const std::string& place) {
  Message message;
  message.body = bytes_like(body, place + "body");
  if (given(extras.idempotency_key)) {
    message.idempotency_key = text_or_bytes(extras.idempotency_key, place + "idempotency_key");
    if (message.idempotency_key.empty()) throw py::value_error(place + "idempotency_key must not be empty: pass None for none");
  }
  if (given(extras.ordering_key)) message.ordering_key = text_or_bytes(extras.ordering_key, place + "ordering_key");
  if (given(extras.headers)) message.headers = headers(extras.headers, place + "headers");
  message.delay = duration(extras.delay, place + "delay");
  if (given(extras.ttl)) {
    message.ttl = duration(extras.ttl, place + "ttl");
    if (message.ttl <= Duration{0}) throw py::value_error(place + "ttl must be more than 0: pass None for the queue's own");
  }
  bytes_ += message.body.size() + message.idempotency_key.size() + message.ordering_key.size();
  messages_.push_back(message);
}

void Outgoing::add_item(py::handle item, std::size_t position) {
  if (PyBytes_CheckExact(item.ptr())) {  // the fast path: no name is made, no attribute looked up
    Message message;
    message.body = bytes_like(item, {});
    bytes_ += message.body.size();
    messages_.push_back(message);
    return;
  }
  const std::string place = "messages[" + std::to_string(position) + "]";
  if (PyUnicode_Check(item.ptr()) || PyObject_CheckBuffer(item.ptr()) != 0) {
    add(item, {}, place + ".");
    return;
  }
  const auto& fields = names().fields;
  std::array<py::object, 6> values;
  if (PyDict_Check(item.ptr())) {
    Py_ssize_t found = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      PyObject* value = PyDict_GetItemWithError(item.ptr(), fields[i].ptr());
      if (value == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
      if (value == nullptr) continue;
      values[i] = py::reinterpret_borrow<py::object>(value);
      ++found;
    }
    if (found != PyDict_Size(item.ptr())) throw py::type_error(place + unknown_key(item));
    if (!values[0]) throw py::type_error(place + " must have the key body");
  } else if (py::hasattr(item, "body") && py::hasattr(item, "idempotency_key") && py::hasattr(item, "ttl")) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      PyObject* value = PyObject_GetAttr(item.ptr(), fields[i].ptr());
      if (value == nullptr) throw py::error_already_set();
      values[i] = py::reinterpret_steal<py::object>(value);
    }
  } else {
    throw py::type_error(place + " must be bytes-like, a dict or an ackwire.Outgoing, not " + kind(item));
  }
  add(values[0], {values[1], values[2], values[3], values[4], values[5]}, place + ".");
  // The views above are of objects that the item owns; it may be changed while the GIL is released.
  for (auto& value : values) {
    if (value) kept_.push_back(std::move(value));
  }
}

}  // namespace ackwire::python
