// The library's results as dictionaries with the fields of the dataclasses in python/ackwire/_results.py.
#pragma once

#include <pybind11/pybind11.h>

#include "ackwire/queue.hpp"

namespace ackwire::python {

/// Durations and times are integers of milliseconds; Python makes timedelta and datetime of them.
pybind11::dict describe(const QueueInfo& info);

}  // namespace ackwire::python
