// What a benchmark measured: a flat JSON object on one line of standard output.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ackwire::bench {

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class ResultLine {
 public:
  ResultLine& add(std::string_view key, double value);
  /// Prints {"key": value, ...}.
  void print() const;
  std::string text() const { return "{" + body_ + "}"; }

 private:
  std::string body_;
};

/// The value below which `share` of the samples lie; 0 without samples. Sorts them.
double percentile(std::vector<double>& samples, double share);

/// Bytes of anonymous memory resident in this process (RssAnon).
std::uint64_t anonymous_bytes();

/// A directory of its own on the file system of `under`, deleted at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& under);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace ackwire::bench
