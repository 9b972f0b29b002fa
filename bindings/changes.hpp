// Changes of state of the clients of this process, from the library's threads to the one that logs them. No library thread waits
// for the interpreter: a change that nobody takes is dropped in the end.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

#include "ackwire/client.hpp"

namespace ackwire::python {

namespace py = pybind11;

/// Watches `client` until it is closed.
void watch_changes(Client& client, const std::string& endpoint);
/// Nobody waits any more: the interpreter ends.
void end_changes();
void bind_changes(py::module_& module);

}  // namespace ackwire::python
