// Work in a child process, because reading a damaged file may end the process that reads it: a page that points nowhere, or a
// sector that the disk cannot read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::api {

/// How the child tells its parent: lines of a kind, in order; and where it is, which outlives it.
class Tell {
 public:
  Tell(int pipe, char* place) : pipe_(pipe), place_(place) {}
  void line(char kind, std::string_view text) const;
  void place(std::string_view table, std::string_view key) const;

 private:
  int pipe_;
  char* place_;
};

struct ChildEnd {
  int signal = 0;     // that ended it, or 0
  std::string place;  // where it was
};

/// Runs `work` in a child and `hear` here, for every line. Returns when the child has ended. Errors: io.
Result<ChildEnd> run_in_child(const std::function<void(const Tell&)>& work,
                              const std::function<void(char kind, std::string_view text)>& hear);

}  // namespace ackwire::api
