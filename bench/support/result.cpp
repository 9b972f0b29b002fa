#include "support/result.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace ackwire::bench {

ResultLine& ResultLine::add(std::string_view key, double value) {
  char number[64];
  std::snprintf(number, sizeof number, "%.6g", value);
  if (!body_.empty()) body_ += ", ";
  body_.append("\"").append(key).append("\": ").append(number);
  return *this;
}

void ResultLine::print() const {
  std::printf("%s\n", text().c_str());
  std::fflush(stdout);
}

double percentile(std::vector<double>& samples, double share) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1))];
}

std::uint64_t anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10) * 1024;
  }
  return 0;
}

ScratchDirectory::ScratchDirectory(const std::string& under) : path_(under + "/ackwire-bench-XXXXXX") {
  if (!::mkdtemp(path_.data())) throw std::runtime_error("cannot make a directory under " + under);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ackwire::bench
