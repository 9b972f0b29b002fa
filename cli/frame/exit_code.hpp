// What the command's exit status says. The numbers are part of the interface.
#pragma once

#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "frame/terminal.hpp"

namespace ackwire::cli {

enum ExitCode : int {
  exit_ok = 0,
  exit_error = 1,
  exit_usage = 2,      ///< the command line is wrong; nothing was done
  exit_not_found = 3,  ///< queue, group or message does not exist
  exit_auth = 4,       ///< kept for authentication
  exit_partial = 5,    ///< a part was done; the text says which
  exit_timeout = 6,    ///< no answer in time; the outcome may not be known
  exit_io = 74,        ///< `serve`: the broker stopped confirming (EX_IOERR)
  exit_config = 78,    ///< `serve`, `verify`, `compact`: settings or store cannot be used (EX_CONFIG)
};

/// The status for a call that did not succeed.
ExitCode exit_code(Errc code) noexcept;

/// What to do next, as a command where there is one; empty when the message itself says it.
std::string_view next_step(Errc code) noexcept;

/// Writes "ackwire: CODE: what happened" and the next step to `err`; as one JSON object when `json`.
void report(Terminal& terminal, const Error& error, bool json);

/// The same for a command line that is wrong: code "usage", nothing was done.
void report_usage(Terminal& terminal, std::string_view message, std::string_view next, bool json);

}  // namespace ackwire::cli
