// A directory of a test's own under the system's temporary directory, removed with everything in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace ackwire::test {

/// Makes such a directory; the caller removes it. Throws std::runtime_error when it cannot be made.
inline std::filesystem::path make_scratch() {
  std::string path = (std::filesystem::temp_directory_path() / "ackwire-test-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a directory " + path);
  return path;
}

class Scratch {
 public:
  Scratch() : path_(make_scratch()) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ackwire::test
