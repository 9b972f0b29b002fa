#include "convert.hpp"

#include <map>
#include <string>

namespace ackwire::python {

py::handle python_function(const char* module, const char* name) {
  static auto* found = new std::map<std::pair<std::string, std::string>, py::handle>;  // never destroyed: see above
  const auto key = std::pair<std::string, std::string>(module, name);
  auto at = found->find(key);
  if (at == found->end()) at = found->emplace(key, py::module_::import(module).attr(name).cast<py::object>().release()).first;
  return at->second;
}

}  // namespace ackwire::python
