// Work in a child process, because reading a damaged file may end the process that reads it: a page that points nowhere, or a
// sector that the disk cannot read.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::api {

/// A child that neither says a line nor comes to another place for so long is ended: a page of a damaged file that points to
/// itself is read for ever.
inline constexpr std::chrono::milliseconds child_progress_limit{120'000};

struct SharedPlace;

/// How the child tells its parent: lines of a kind, in order; and where it is, which outlives it.
class Tell {
 public:
  Tell(int pipe, SharedPlace& place) : pipe_(pipe), place_(place) {}
  void line(char kind, std::string_view text) const;
  void place(std::string_view table, std::string_view key) const;

 private:
  int pipe_;
  SharedPlace& place_;
};

struct ChildEnd {
  int signal = 0;      // that ended it, or 0
  bool stuck = false;  // it was ended because it did not get on
  std::string place;   // where it was
};

/// Runs `work` in a child and `hear` here, for every line. Returns when the child has ended, or did not get on for as long as
/// `limit`. Errors: io.
Result<ChildEnd> run_in_child(const std::function<void(const Tell&)>& work,
                              const std::function<void(char kind, std::string_view text)>& hear,
                              std::chrono::milliseconds limit = child_progress_limit);

}  // namespace ackwire::api
