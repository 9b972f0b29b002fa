#include "transcript.hpp"

#include <sstream>

namespace ackwire::scenarios {

std::vector<Block> parse(const std::string& text) {
  std::vector<Block> blocks(1);
  std::istringstream in(text);
  std::string line;
  bool expecting = false;
  while (std::getline(in, line)) {
    if (line == "----") {
      expecting = true;
    } else if (expecting && line.empty()) {
      expecting = false;
      blocks.emplace_back();
    } else if (expecting) {
      blocks.back().expected.push_back(line);
    } else if (line.empty() || line.front() == '#') {
      blocks.back().prose.push_back(line);
    } else {
      blocks.back().commands.push_back(line);
    }
  }
  if (blocks.back().commands.empty()) blocks.pop_back();
  return blocks;
}

std::string print(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) {
    if (!out.empty()) out += "\n";
    for (const std::string& line : block.prose) out += line + "\n";
    for (const std::string& line : block.commands) out += line + "\n";
    out += "----\n";
    for (const std::string& line : block.expected) out += line + "\n";
  }
  return out;
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  bool quoted = false, open = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      if (!open) out.emplace_back();
      open = true;
    } else if (c == ' ' && !quoted) {
      open = false;
    } else {
      if (!open) out.emplace_back();
      open = true;
      out.back() += c;
    }
  }
  return out;
}

}  // namespace ackwire::scenarios
