// A process of a benchmark: forked before anything else runs in the parent, talks to it in lines. Killed with its handle.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace ackwire::bench {

/// One end of the talk between parent and child.
class Lines {
 public:
  Lines() = default;
  Lines(int read_from, int write_to) : read_(read_from), write_(write_to) {}
  void send(const std::string& line) const;
  /// Waits for a whole line; empty when the other side is gone.
  std::string receive() const;
  void close();

 private:
  int read_ = -1, write_ = -1;
};

class Child {
 public:
  /// Runs `body` in a new process; its end is the end of the process. Requires: no threads in this process yet.
  explicit Child(const std::function<void(Lines&)>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Lines& lines() { return lines_; }
  /// False once the process ended.
  bool running();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  Lines lines_;
};

}  // namespace ackwire::bench
