#include "rules/require.hpp"

#include <string_view>

namespace ackwire::rules {

void fail_requirement(const char* what, const std::source_location& where) {
  std::string_view file = where.file_name();
  if (const auto slash = file.rfind('/'); slash != file.npos) file.remove_prefix(slash + 1);
  throw BrokenRequirement(std::string(what) + " does not hold (" + std::string(file) + ":" + std::to_string(where.line()) + ")");
}

}  // namespace ackwire::rules
