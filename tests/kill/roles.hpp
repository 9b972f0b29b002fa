// The client processes of the kill test. Each runs until SIGTERM (then it ends in order) or SIGKILL.
#pragma once

#include <cstdint>
#include <string>

namespace kill_test {

inline constexpr const char* queue = "kill";

struct Role {
  std::string endpoint;
  std::string journal;  ///< file of its own
  std::string name;     ///< begins the names of its messages; never used twice
  std::uint64_t seed = 0;
};

/// Publishes small batches, some with keys, some of them twice. Returns the exit status.
int produce(const Role& role);
/// Receives; acks most, nacks and releases some.
int consume(const Role& role);

}  // namespace kill_test
