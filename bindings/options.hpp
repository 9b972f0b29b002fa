// Options and settings from dictionaries whose keys are the names of the library's own members.
#pragma once

#include <pybind11/pybind11.h>

#include "ackwire/broker.hpp"
#include "ackwire/client.hpp"

namespace ackwire::python {

namespace py = pybind11;

/// Durations are integers of milliseconds: the Python side has read "30s" and timedelta before. An unknown key is a TypeError.
BrokerOptions broker_options(const py::dict& options);
ClientOptions client_options(const py::dict& options);
QueueChange queue_change(const py::dict& settings);

}  // namespace ackwire::python
