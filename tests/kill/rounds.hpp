// The rounds: start the server, let it work, kill it, again; then drain and judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "child.hpp"
#include "verdict.hpp"

namespace kill_test {

struct Plan {
  std::uint64_t rounds = 60;
  std::uint64_t seed = 0;
  std::uint64_t producers = 3, consumers = 3;
  std::uint64_t verify_every = 10;                      ///< kills between two offline checks of the store
  std::uint64_t life_least_ms = 5, life_most_ms = 300;  ///< of the server, in one round
  std::string command;                                  ///< the `ackwire` executable
  std::string self;                                     ///< this executable, for the clients
  std::filesystem::path directory;                      ///< empty at the start
  std::filesystem::path store;                          ///< empty: `store` in the directory
  /// The server's command line up to the store's directory; empty: `command serve`.
  std::vector<std::string> serve;
  /// What happens to the disk under the store: before the server is killed, after it, and before the last look. May be empty.
  std::function<bool()> cut, restore, look_at_the_end;
  bool always_at_rest = false;  ///< cut when nothing is under way; else that is left to chance
  bool quiet = false;           ///< a store that is wrong is what is wanted
};

struct Figures {
  std::uint64_t kills = 0, client_kills = 0, verified = 0, starts = 0;
  double start_ms_sum = 0, start_ms_most = 0;
};

class Rounds {
 public:
  explicit Rounds(const Plan& plan);

  /// All of it. Nothing: the test itself could not go on, and said why on standard error.
  std::optional<Verdict> run();
  const Figures& figures() const { return figures_; }
  /// The store was refused, or found unsound, after a kill.
  bool store_is_wrong() const { return store_is_wrong_; }
  /// Why it could not go on, the last.
  const std::string& complaint() const { return complaint_; }

 private:
  bool start_server(bool wait_until_ready);
  bool wait_until_ready(std::chrono::steady_clock::time_point begin);
  void start_client(const std::string& role, std::uint64_t slot);
  bool one_round();
  bool cut_power();
  void signal_clients(int number) const;
  bool complain(const std::string& what);
  bool prepare();
  bool verify_store();
  bool drain();
  bool left_in_store(std::vector<Left>& left);
  std::uint64_t between(std::uint64_t least, std::uint64_t most);

  const Plan& plan_;
  std::mt19937_64 random_;
  Figures figures_;
  std::string endpoint_;
  std::filesystem::path store_, journals_, server_log_;
  Child server_;
  std::vector<Child> producers_, consumers_;
  std::uint64_t incarnation_ = 0;
  bool store_is_wrong_ = false;
  std::string complaint_;
};

}  // namespace kill_test
