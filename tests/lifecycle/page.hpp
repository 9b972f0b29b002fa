// docs/lifecycle.md, made from the table in rules/lifecycle.hpp.
#pragma once

#include <string>

namespace ackwire::lifecycle {

std::string page();

}  // namespace ackwire::lifecycle
