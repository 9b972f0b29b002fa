// The judgement over all journals and what is left in the store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kill_test {

/// A message that is still in the store after the last round: waiting, or dead.
struct Left {
  std::string name;
  std::uint64_t sequence = 0;
};

struct Verdict {
  std::uint64_t attempted = 0, confirmed = 0, delivered = 0, redelivered = 0, acked = 0, repeats_suppressed = 0, left = 0;
  std::uint64_t lost = 0;             ///< confirmed, never delivered, and not in the store
  std::uint64_t phantoms = 0;         ///< delivered, but never published
  std::uint64_t damaged = 0;          ///< delivered with other bytes
  std::uint64_t reused = 0;           ///< sequences with two messages
  std::uint64_t stored_twice = 0;     ///< messages with two sequences
  std::uint64_t resurrected = 0;      ///< delivered after an ack was applied
  std::uint64_t refused = 0;          ///< publishes refused by an unexpected code
  std::vector<std::string> examples;  ///< a few of what is wrong

  bool clean() const { return lost + phantoms + damaged + reused + stored_twice + resurrected + refused == 0; }
};

Verdict judge(const std::filesystem::path& journals, const std::vector<Left>& left);

}  // namespace kill_test
