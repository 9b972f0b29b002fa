// One run of a command for one message.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/error.hpp"

namespace ackwire::cli {

inline constexpr std::size_t error_tail_bytes = 1024;  ///< kept of what the command wrote to its standard error

struct CommandRun {
  std::string_view command;                                      ///< given to /bin/sh -c
  std::string_view input;                                        ///< its standard input
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to this process's own
  std::chrono::milliseconds timeout{0};                          ///< 0: none; then it is killed with its process group
};

struct Ended {
  int status = 0;  ///< exit status, or 128 + signal as a shell says it
  bool timed_out = false;
  std::string error_tail;  ///< the last of its standard error, which is passed on as well
};

/// Runs it to its end. Its standard output is this process's. It runs in a process group of its own, so that Ctrl-C lets
/// it finish. Thread-safe. The process must ignore SIGPIPE: a command need not read its input. Errors: io when no process can be
/// made.
Result<Ended> run_command(const CommandRun& run);

/// Kills the process groups of all commands that run now, in whatever thread: for a process that ends at once.
void kill_commands();

}  // namespace ackwire::cli
