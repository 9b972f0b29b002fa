#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "seeds.hpp"
#include "world.hpp"

namespace ackwire::simulator {
namespace {

std::uint64_t seeds_wanted = 2'000;

std::uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

int run_one(std::uint64_t seed, Plant plant) {
  const Outcome o = simulate(seed, plant);
  std::printf(
      "seed=%llu trace=%016llx operations=%llu turns=%llu faults=%llu crashes=%llu confirms=%llu deliveries=%llu acks=%llu "
      "simulated_ms=%lld\n",
      static_cast<unsigned long long>(seed), static_cast<unsigned long long>(o.trace_hash),
      static_cast<unsigned long long>(o.operations), static_cast<unsigned long long>(o.turns),
      static_cast<unsigned long long>(o.faults), static_cast<unsigned long long>(o.crashes),
      static_cast<unsigned long long>(o.confirms), static_cast<unsigned long long>(o.deliveries),
      static_cast<unsigned long long>(o.acks), static_cast<long long>(o.simulated.count()));
  if (!o.violation.empty()) std::printf("%s: %s\n", o.invariant.c_str(), o.violation.c_str());
  return o.violation.empty() ? 0 : 1;
}

}  // namespace

std::uint64_t seed_count() { return seeds_wanted; }

}  // namespace ackwire::simulator

/// simulator_tests [--seeds N] [gtest flags]    or    simulator_tests --seed S [--plant P]
int main(int argc, char** argv) {
  using namespace ackwire::simulator;
  testing::InitGoogleTest(&argc, argv);
  if (const char* wanted = std::getenv("ACKWIRE_SEEDS")) seeds_wanted = number(wanted);
  std::uint64_t seed = 0;
  Plant plant = Plant::none;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seeds") == 0) seeds_wanted = number(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) seed = number(argv[i + 1]);
    if (std::strcmp(argv[i], "--plant") == 0) plant = static_cast<Plant>(number(argv[i + 1]));
  }
  return seed != 0 ? run_one(seed, plant) : RUN_ALL_TESTS();
}
