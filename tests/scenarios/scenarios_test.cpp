// Plays every transcript beside this file. ACKWIRE_WRITE_SCENARIOS=1 writes what happened into the files instead: read the
// difference as prose before you commit it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "stage.hpp"
#include "transcript.hpp"

namespace ackwire::scenarios {
namespace {

std::vector<std::filesystem::path> transcripts() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(ACKWIRE_SOURCE_DIR "/tests/scenarios")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string lines(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& line : all) out += line + "\n";
  return out;
}

class Scenario : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Scenario, HappensAsWritten) {
  std::vector<Block> blocks = parse(read(GetParam()));
  ASSERT_FALSE(blocks.empty());
  const bool write = std::getenv("ACKWIRE_WRITE_SCENARIOS") != nullptr;
  Stage stage;
  for (Block& block : blocks) {
    const std::vector<std::string> happened = stage.play(block.commands);
    if (!write) {
      ASSERT_EQ(lines(happened), lines(block.expected)) << "after\n" << lines(block.commands);
    }
    block.expected = happened;
  }
  if (write) std::ofstream(GetParam()) << print(blocks);
}

TEST(Scenarios, ThereAreSome) { EXPECT_GE(transcripts().size(), 12u); }

TEST(Transcript, IsParsedAndPrintedBack) {
  const std::string text = "# prose\nqueue a\n----\nnothing\n\npublish p a \"two words\" x\nwait 1s\n----\none\ntwo\n";
  EXPECT_EQ(print(parse(text)), text);
  EXPECT_EQ(words("publish p a \"two words\" error=\"a b\" x"),
            (std::vector<std::string>{"publish", "p", "a", "two words", "error=a b", "x"}));
}

INSTANTIATE_TEST_SUITE_P(Transcripts, Scenario, ::testing::ValuesIn(transcripts()), [](const auto& file) {
  std::string name = file.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace ackwire::scenarios
