// What could stand at the end of a command line that is being written: commands, options, values, and names that the broker knows.
#pragma once

#include <string>
#include <vector>

#include "frame/terminal.hpp"

namespace ackwire::cli {

/// The hidden first word of a command line that asks for completions; behind it the words so far, the last one unfinished.
inline constexpr const char* complete_word = "__complete";

/// Writes a candidate a line, then ":files", ":directories" or ":words" for what the shell should add itself. Never fails: without
/// a broker there are no names.
void complete(const std::vector<std::string>& words, Terminal& terminal);

}  // namespace ackwire::cli
