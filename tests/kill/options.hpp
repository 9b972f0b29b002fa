// The options of a test program: `--name value`, and `--keep` alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace kill_test {

struct Options {
  std::map<std::string, std::string> values;
  const char* usage = "";  // printed when an option cannot be read

  bool has(const std::string& name) const { return values.count(name) > 0; }
  const std::string& at(const std::string& name) const { return values.at(name); }
  /// Ends the program with status 2 when the value is no number.
  std::uint64_t number(const std::string& name, std::uint64_t otherwise) const;
};

/// Ends the program with status 2 when they cannot be read.
Options parse(int argc, char** argv, const char* usage);

}  // namespace kill_test
