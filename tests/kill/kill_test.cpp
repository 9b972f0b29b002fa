// kill_test [--rounds N] [--seed S] [--verify-every K] [--command ACKWIRE] [--keep]
//
// A real `ackwire serve`, 3 producers and 3 consumers as processes, SIGKILL at random moments. At the end: nothing that was
// confirmed is lost, nothing was made up, every byte is right, no sequence was used twice. Exit status 0 when all of it holds.
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "../support/scratch.hpp"
#include "options.hpp"
#include "roles.hpp"
#include "rounds.hpp"

namespace {

using namespace kill_test;

constexpr const char* usage = "kill_test [--rounds N] [--seed S] [--verify-every K] [--command ACKWIRE] [--keep]";

int play(const Options& options) {
  const Role role{options.at("--endpoint"), options.at("--journal"), options.at("--name"), options.number("--seed", 0)};
  return options.at("--role") == "produce" ? produce(role) : consume(role);
}

std::uint64_t fresh_seed() {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(now) ^ (static_cast<std::uint64_t>(getpid()) << 32);
}

void print(const Plan& plan, const Figures& figures, const Verdict& verdict, double seconds) {
  const auto u = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  for (const std::string& example : verdict.examples) std::printf("  %s\n", example.c_str());
  std::printf(
      "kill: rounds=%llu kills=%llu client_kills=%llu verified=%llu attempted=%llu confirmed=%llu delivered=%llu redelivered=%llu "
      "acked=%llu "
      "repeats_suppressed=%llu left=%llu mean_start_ms=%.1f longest_start_ms=%.1f seconds=%.1f\n",
      u(plan.rounds), u(figures.kills), u(figures.client_kills), u(figures.verified), u(verdict.attempted), u(verdict.confirmed),
      u(verdict.delivered), u(verdict.redelivered), u(verdict.acked), u(verdict.repeats_suppressed), u(verdict.left),
      figures.starts == 0 ? 0 : figures.start_ms_sum / static_cast<double>(figures.starts), figures.start_ms_most, seconds);
  std::printf(
      "kill: lost=%llu phantoms=%llu damaged=%llu sequences_reused=%llu stored_twice=%llu after_ack=%llu refused=%llu seed=%llu\n",
      u(verdict.lost), u(verdict.phantoms), u(verdict.damaged), u(verdict.reused), u(verdict.stored_twice), u(verdict.resurrected),
      u(verdict.refused), u(plan.seed));
}

/// False when the load was too thin to prove anything.
bool worked(const Plan& plan, const Verdict& verdict) {
  return verdict.confirmed >= plan.rounds && verdict.delivered >= plan.rounds;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, usage);
  if (options.has("--role")) return play(options);
  Plan plan;
  plan.rounds = options.number("--rounds", plan.rounds);
  plan.verify_every = std::max<std::uint64_t>(1, options.number("--verify-every", plan.verify_every));
  plan.seed = options.number("--seed", fresh_seed());
  plan.command = options.has("--command") ? options.at("--command") : ACKWIRE_COMMAND;
  plan.self = std::filesystem::read_symlink("/proc/self/exe").string();
  plan.directory = ackwire::test::make_scratch();
  std::printf("kill: seed=%llu (repeat with --seed)\n", static_cast<unsigned long long>(plan.seed));
  std::fflush(stdout);

  const auto begin = std::chrono::steady_clock::now();
  Rounds rounds(plan);
  const auto verdict = rounds.run();
  if (verdict)
    print(plan, rounds.figures(), *verdict, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  const bool good = verdict && verdict->clean() && worked(plan, *verdict);
  if (good && !options.has("--keep"))
    std::filesystem::remove_all(plan.directory);
  else
    std::printf("kill: store, journals and logs are in %s\n", plan.directory.c_str());
  std::printf("kill: %s\n", good ? "passed" : "FAILED");
  return good ? 0 : 1;
}
