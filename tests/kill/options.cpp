#include "options.hpp"

#include <cstdio>
#include <cstdlib>

namespace kill_test {
namespace {

[[noreturn]] void explain(const char* usage) {
  std::fprintf(stderr, "usage: %s\n", usage);
  std::exit(2);
}

}  // namespace

std::uint64_t Options::number(const std::string& name, std::uint64_t otherwise) const {
  const auto found = values.find(name);
  if (found == values.end()) return otherwise;
  char* end = nullptr;
  const auto value = std::strtoull(found->second.c_str(), &end, 10);
  if (end == found->second.c_str() || *end != '\0') explain(usage);
  return value;
}

Options parse(int argc, char** argv, const char* usage) {
  Options options{{}, usage};
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--keep")
      options.values[name] = "yes";
    else if (name.rfind("--", 0) == 0 && i + 1 < argc)
      options.values[name] = argv[++i];
    else
      explain(usage);
  }
  return options;
}

}  // namespace kill_test
