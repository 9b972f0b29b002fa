// Errors of the library as Python exceptions.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include "ackwire/error.hpp"

namespace ackwire::python {

namespace py = pybind11;

/// The exception for `error`: its class by the code, with code, retry_after and index as attributes.
py::object exception_for(const Error& error);
[[noreturn]] void raise(const Error& error);

/// The value, or the exception.
template <class T>
T take(Result<T>&& result) {
  if (!result) raise(result.error());
  return *std::move(result);
}

inline void take(Status&& status) {
  if (!status) raise(status.error());
}

}  // namespace ackwire::python
