// What must hold, checked in every build. State that is wrong must not be committed: whoever finds it ends the turn, and the
// broker is opened anew from what is stored.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace ackwire::rules {

/// Something that must hold did not. The text says what and where.
class BrokenRequirement : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void fail_requirement(const char* what, const std::source_location& where);

/// Throws BrokenRequirement unless `holds`. Costs a branch that is never taken. `what`: a literal that says what must hold.
inline void require(bool holds, const char* what, const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    fail_requirement(what, where);
}

}  // namespace ackwire::rules
