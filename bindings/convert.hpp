// Values of the library as plain Python values. The dataclasses are made from them in Python.
#pragma once

#include <pybind11/pybind11.h>

#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/message.hpp"

namespace ackwire::python {

namespace py = pybind11;

/// A function of the package's Python side. Kept for ever once it was found: at the end of the interpreter nothing can be
/// imported any more. With the GIL.
py::handle python_function(const char* module, const char* name);

/// Text that may hold any bytes: what is not UTF-8 becomes lone surrogates and turns back into the same bytes.
inline py::str text(std::string_view bytes) {
  PyObject* made = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "surrogateescape");
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(made);
}

inline py::object text_or_none(std::string_view bytes) {
  if (bytes.empty()) return py::none();
  return text(bytes);
}

inline py::int_ milliseconds(Timestamp time) { return py::int_(time.time_since_epoch().count()); }
inline py::int_ milliseconds(Duration duration) { return py::int_(duration.count()); }

inline py::dict header_dict(const std::vector<std::pair<std::string, std::string>>& headers) {
  py::dict made;
  for (const auto& [name, value] : headers) made[text(name)] = text(value);
  return made;
}

template <class T, class F>
py::list list_of(const std::vector<T>& values, F convert) {
  py::list made(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) made[i] = convert(values[i]);
  return made;
}

}  // namespace ackwire::python
