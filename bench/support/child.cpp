#include "support/child.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

namespace ackwire::bench {

void Lines::send(const std::string& line) const {
  const std::string text = line + '\n';
  if (::write(write_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::system_error(errno, std::generic_category(), "pipe to the other process");
  }
}

std::string Lines::receive() const {
  std::string line;
  char byte = 0;
  while (::read(read_, &byte, 1) == 1 && byte != '\n') line.push_back(byte);
  return line;
}

void Lines::close() {
  ::close(read_);
  ::close(write_);
}

Child::Child(const std::function<void(Lines&)>& body) {
  std::array<int, 2> down{}, up{};
  if (::pipe(down.data()) != 0 || ::pipe(up.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) {
    ::close(down[0]);
    ::close(up[1]);
    lines_ = Lines(up[0], down[1]);
    return;
  }
  // Never outlive the benchmark.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::close(down[1]);
  ::close(up[0]);
  Lines lines(down[0], up[1]);
  int code = 0;
  try {
    body(lines);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  ::_exit(code);
}

Child::~Child() {
  if (running()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  lines_.close();
}

bool Child::running() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

}  // namespace ackwire::bench
