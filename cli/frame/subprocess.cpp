#include "frame/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

extern char** environ;

namespace ackwire::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  void reset(int number = -1) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }

 private:
  int number_;
};

Error failed(std::string_view what, int error) {
  return Error{Errc::io, fmt::format("cannot {} the command: {}. The message was not touched.", what, std::strerror(error))};
}

bool make_pipe(Descriptor& reader, Descriptor& writer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  reader.reset(ends[0]);
  writer.reset(ends[1]);
  return true;
}

/// posix_spawn of sh -c with its own process group and default signals.
Result<pid_t> spawn(const CommandRun& run, int input, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  std::string shell = "sh", option = "-c", command(run.command);
  std::vector<std::string> added;
  for (const auto& [name, value] : run.environment) added.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  for (std::string& entry : added) environment.push_back(entry.data());
  environment.push_back(nullptr);
  char* arguments[] = {shell.data(), option.data(), command.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return failed("start", error);
  return child;
}

std::mutex running_mutex;
std::set<pid_t> running;  // protected by running_mutex

/// The child is among those that kill_commands() ends.
class Running {
 public:
  explicit Running(pid_t child) : child_(child) {
    const std::lock_guard lock(running_mutex);
    running.insert(child_);
  }
  ~Running() {
    const std::lock_guard lock(running_mutex);
    running.erase(child_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  pid_t child_;
};

/// Feeds the input and keeps the tail of the errors until the child ends.
class Conversation {
 public:
  Conversation(pid_t child, std::string_view input, Descriptor& to_child, Descriptor& from_child)
      : child_(child),
        input_(input),
        to_child_(to_child),
        from_child_(from_child),
        ended_(static_cast<int>(syscall(SYS_pidfd_open, child, 0))) {}

  Ended hold(std::chrono::milliseconds timeout) {
    Ended out;
    const auto deadline = Clock::now() + timeout;
    while (true) {
      int wait = ended_.get() >= 0 ? -1 : look_for_end_ms;
      if (timeout.count() > 0 && !out.timed_out) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
          kill(-child_, SIGKILL);
          out.timed_out = true;
          continue;
        }
        wait = static_cast<int>(wait < 0 ? std::min<long>(left, longest_poll_ms) : std::min<long>(left, wait));
      }
      pollfd watched[3] = {{to_child_.get(), POLLOUT, 0}, {from_child_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      poll(watched, 3, wait);
      if (watched[0].revents != 0) feed();
      if (watched[1].revents != 0) take(out.error_tail);
      int status = 0;
      if ((watched[2].revents != 0 || ended_.get() < 0) && waitpid(child_, &status, WNOHANG) == child_) {
        take(out.error_tail);
        out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return out;
      }
    }
  }

 private:
  static constexpr int look_for_end_ms = 20;  // where the kernel has no pidfd
  static constexpr int longest_poll_ms = 60'000;

  void feed() {
    const ssize_t put = write(to_child_.get(), input_.data(), input_.size());
    if (put > 0) input_.remove_prefix(static_cast<std::size_t>(put));
    const bool gone = put < 0 && errno != EAGAIN && errno != EINTR;  // the command need not read its input
    if (gone || input_.empty()) to_child_.reset();
  }

  void take(std::string& tail) {
    char bytes[4096];
    while (from_child_.get() >= 0) {
      const ssize_t got = ::read(from_child_.get(), bytes, sizeof bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got == 0) from_child_.reset();
      if (got <= 0) break;
      const auto count = static_cast<std::size_t>(got);
      if (write(STDERR_FILENO, bytes, count) < 0) {
        // Nobody reads our own errors: what the command says is kept for the message all the same.
      }
      tail.append(bytes, count);
      if (tail.size() > error_tail_bytes) tail.erase(0, tail.size() - error_tail_bytes);
    }
  }

  pid_t child_;
  std::string_view input_;
  Descriptor& to_child_;
  Descriptor& from_child_;
  Descriptor ended_;
};

}  // namespace

void kill_commands() {
  const std::lock_guard lock(running_mutex);
  for (const pid_t child : running) kill(-child, SIGKILL);
}

Result<Ended> run_command(const CommandRun& run) {
  Descriptor child_input, to_child, from_child, child_errors;
  if (!make_pipe(child_input, to_child) || !make_pipe(from_child, child_errors)) return failed("make a pipe for", errno);
  const auto child = spawn(run, child_input.get(), child_errors.get());
  if (!child) return child.error();
  child_input.reset();
  child_errors.reset();
  fcntl(to_child.get(), F_SETFL, O_NONBLOCK);
  fcntl(from_child.get(), F_SETFL, O_NONBLOCK);
  if (run.input.empty()) to_child.reset();
  const Running here(*child);
  return Conversation(*child, run.input, to_child, from_child).hold(run.timeout);
}

}  // namespace ackwire::cli
