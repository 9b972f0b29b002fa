#include "errors.hpp"

#include <string>

#include "convert.hpp"

namespace ackwire::python {

py::object exception_for(const Error& error) {
  // The classes live in Python, so that they have docstrings, bases such as TimeoutError, and one table by code.
  const py::handle make = python_function("ackwire._errors", "exception_for");
  const double retry_after = static_cast<double>(error.retry_after.count()) / 1000.0;
  const py::object index = error.index ? py::object(py::int_(*error.index)) : py::object(py::none());
  const py::str message = py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(error.message.data(), static_cast<Py_ssize_t>(error.message.size()), "backslashreplace"));
  return make(std::string(name(error.code)), message, retry_after, index);
}

void raise(const Error& error) {
  const py::object exception = exception_for(error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

}  // namespace ackwire::python
