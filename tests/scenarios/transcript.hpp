// A scenario as text: blocks of commands, `----`, and what must happen, up to the next empty line. Lines with # are prose.
#pragma once

#include <string>
#include <vector>

namespace ackwire::scenarios {

struct Block {
  std::vector<std::string> prose;  // lines before the commands, as they are
  std::vector<std::string> commands;
  std::vector<std::string> expected;
};

std::vector<Block> parse(const std::string& text);
std::string print(const std::vector<Block>& blocks);

/// Splits a command into words; "quoted words" stay together, without their quotes.
std::vector<std::string> words(const std::string& line);

}  // namespace ackwire::scenarios
