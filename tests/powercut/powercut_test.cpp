// powercut_test [--cuts N] [--seed S] [--command ACKWIRE] [--keep]
//
// The kill test on a file system whose power is cut: a real `ackwire serve` on an ext4 on a loop device, producers and consumers
// whose journals lie elsewhere, and at a random moment nothing reaches the device any more. What was confirmed must be there when
// the power is back. Then the same with stores that do not sync: they must be caught, else this test proves nothing.
//
// Needs root, a loop device and mkfs.ext4. Where those cannot be had it says so and ends with status 77: that is no pass.
#include <lmdb.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>

#include "../kill/options.hpp"
#include "../kill/roles.hpp"
#include "../kill/rounds.hpp"
#include "../support/scratch.hpp"
#include "loop_disk.hpp"
#include "unsynced_server.hpp"

namespace {

using namespace kill_test;

constexpr int not_exercised = 77;
constexpr std::uint64_t disk_bytes = 512ull << 20;  // of the image, which is sparse
constexpr std::uint64_t control_cuts = 5, control_tries = 6;

constexpr const char* usage = "powercut_test [--cuts N] [--seed S] [--command ACKWIRE] [--keep]";

/// One disk, one store, `plan.rounds` cuts.
struct Outcome {
  std::optional<Verdict> verdict;
  Figures figures;
  bool store_is_wrong = false;  // it was refused or found unsound after a cut
  std::string trouble;          // why it could not be tried
  std::string complaint;        // why it could not go on
  bool caught() const { return store_is_wrong || (verdict && !verdict->clean()); }
};

Outcome run(Plan plan, const std::filesystem::path& directory) {
  Outcome outcome;
  std::filesystem::create_directories(directory);
  powercut::LoopDisk disk(directory / "disk.image", directory / "disk", disk_bytes);
  if (!disk.trouble().empty()) {
    outcome.trouble = disk.trouble();
    return outcome;
  }
  plan.directory = directory;
  plan.store = directory / "disk" / "store";
  plan.cut = [&disk] { return disk.cut(); };
  plan.restore = [&disk] { return disk.restore(); };
  plan.look_at_the_end = [&disk] { return disk.restore(true); };
  Rounds rounds(plan);
  outcome.verdict = rounds.run();
  outcome.figures = rounds.figures();
  outcome.store_is_wrong = rounds.store_is_wrong();
  outcome.complaint = rounds.complaint();
  if (!outcome.verdict && !disk.trouble().empty()) std::fprintf(stderr, "powercut: %s\n", disk.trouble().c_str());
  return outcome;
}

void print(const Outcome& outcome) {
  const auto u = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  const Verdict verdict = outcome.verdict.value_or(Verdict{});
  for (const std::string& example : verdict.examples) std::printf("  %s\n", example.c_str());
  std::printf("powercut: cuts=%llu verified=%llu confirmed=%llu delivered=%llu redelivered=%llu acked=%llu left=%llu\n",
              u(outcome.figures.kills), u(outcome.figures.verified), u(verdict.confirmed), u(verdict.delivered),
              u(verdict.redelivered), u(verdict.acked), u(verdict.left));
  std::printf(
      "powercut: lost=%llu phantoms=%llu damaged=%llu sequences_reused=%llu stored_twice=%llu after_ack=%llu refused=%llu\n",
      u(verdict.lost), u(verdict.phantoms), u(verdict.damaged), u(verdict.reused), u(verdict.stored_twice), u(verdict.resurrected),
      u(verdict.refused));
}

/// A store that does not sync must be caught.
bool control(const Plan& sound, const char* name, const char* flag, const std::filesystem::path& directory) {
  Plan plan = sound;
  plan.rounds = control_cuts;
  plan.serve = {sound.self, "--role", "serve", "--flag", flag, "--directory"};
  plan.quiet = true;
  plan.always_at_rest = true;
  for (std::uint64_t attempt = 1; attempt <= control_tries; ++attempt) {
    plan.seed = sound.seed + attempt;
    const Outcome outcome = run(plan, directory / (std::string(name) + "-" + std::to_string(attempt)));
    if (outcome.caught()) {
      const std::string& how = outcome.store_is_wrong ? outcome.complaint : outcome.verdict->examples.front();
      std::printf("powercut: control %s: caught in try %llu: %s\n", name, static_cast<unsigned long long>(attempt),
                  how.substr(0, how.find('\n')).c_str());
      return true;
    }
  }
  std::printf("powercut: control %s: NOT CAUGHT in %llu times %llu cuts\n", name, static_cast<unsigned long long>(control_tries),
              static_cast<unsigned long long>(control_cuts));
  return false;
}

int play(const Options& options) {
  if (options.at("--role") == "serve") {
    const unsigned flags = options.at("--flag") == "nosync" ? MDB_NOSYNC : MDB_NOMETASYNC;
    return powercut::serve_unsynced(options.at("--directory"), options.at("--listen"), flags);
  }
  const Role role{options.at("--endpoint"), options.at("--journal"), options.at("--name"), options.number("--seed", 0)};
  return options.at("--role") == "produce" ? produce(role) : consume(role);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, usage);
  if (options.has("--role")) return play(options);
  Plan plan;
  plan.rounds = options.number("--cuts", 30);
  plan.verify_every = 1;
  plan.seed = options.number("--seed", std::random_device{}());
  plan.command = options.has("--command") ? options.at("--command") : ACKWIRE_COMMAND;
  plan.self = std::filesystem::read_symlink("/proc/self/exe").string();
  plan.serve = {plan.command, "serve", "--disk-floor-bytes", "0"};
  const std::filesystem::path directory = ackwire::test::make_scratch();
  std::printf("powercut: seed=%llu (repeat with --seed)\n", static_cast<unsigned long long>(plan.seed));
  std::fflush(stdout);

  const Outcome outcome = run(plan, directory / "sound");
  if (!outcome.trouble.empty()) {
    std::filesystem::remove_all(directory);
    std::printf("powercut: NOT EXERCISED: %s\n", outcome.trouble.c_str());
    return not_exercised;
  }
  print(outcome);
  bool good = outcome.verdict && outcome.verdict->clean() && outcome.verdict->confirmed >= plan.rounds;
  if (good) {
    const bool unsynced = control(plan, "nosync", "nosync", directory);
    const bool unsynced_meta = control(plan, "nometasync", "nometasync", directory);
    good = unsynced && unsynced_meta;
  }
  if (good && !options.has("--keep"))
    std::filesystem::remove_all(directory);
  else
    std::printf("powercut: images, journals and logs are in %s\n", directory.c_str());
  std::printf("powercut: %s\n", good ? "passed" : "FAILED");
  return good ? 0 : 1;
}
