// The extension module ackwire._core. Private: the public names are those of the package ackwire.
#include <pybind11/pybind11.h>

#include "ackwire/limits.hpp"
#include "ackwire/units.hpp"
#include "ackwire/version.hpp"
#include "changes.hpp"
#include "connection.hpp"
#include "convert.hpp"

PYBIND11_MODULE(_core, module) {
  using namespace ackwire::python;
  py::options options;
  options.disable_function_signatures();  // they are in the stub, in Python's own types
  module.doc() = "The C++ core of ackwire. Use the package ackwire: names here may change.";
  watch_forks();
  python_function("ackwire._errors", "exception_for");
  python_function("ackwire._durations", "milliseconds");
  python_function("ackwire._checks", "text");
  bind_delivery(module);
  ConnectionClass connection = bind_connection(module);
  bind_queue(connection);
  bind_publish(module, connection);
  bind_consumer(module, connection);
  bind_dead_letter(connection);
  bind_stats(connection);
  bind_changes(module);
  module.def("close_all", &close_all);
  module.def("stop", &stop_all);
  module.def("stopping", &stopping);
  module.def("parse_duration", [](const std::string& text) {
    const auto read = ackwire::parse_duration(text);
    if (!read) throw py::value_error(read.error().message);
    return read->count();
  });
  module.def("version", [] { return std::string(ackwire::version()); });
  module.attr("PAGE_MESSAGES") = ackwire::limits::page_messages;
  module.attr("CREDIT_LIMIT") = ackwire::limits::credit;
}
