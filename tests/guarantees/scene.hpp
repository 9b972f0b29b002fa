// What the tests of docs/guarantees.md share: a store in a folder of its own, brokers over it, and processes that get killed.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "ackwire/ackwire.hpp"
#include "support/scratch.hpp"

namespace ackwire::guarantees {

/// The value, or an exception that fails the test with the error's own words.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(std::string(name(result.error().code)) + ": " + result.error().message);
  return *std::move(result);
}
void must(const Status& status);

/// "ok", or the name of the error's code.
template <class T>
std::string code_of(const Result<T>& result) {
  return result.ok() ? "ok" : std::string(name(result.error().code));
}

class Guarantees : public ::testing::Test {
 protected:
  static constexpr const char* queue = "orders";
  static constexpr const char* group = "default";

  /// Opens the broker (closing the one before) and makes the queue.
  void open(const QueueChange& policy = {});
  void close() { broker.reset(); }
  void reopen();

  Receipt publish(const std::string& body, const std::string& key = {});
  Consumer consumer(std::uint32_t credit = 1'000, bool renew_leases = true);
  /// Exactly `count` messages, or what came within the wait.
  std::vector<Delivery> receive(Consumer& from, std::size_t count, Duration wait = Duration{10'000});
  /// Everything that the group still gives, each body acked.
  std::vector<std::string> drain(Duration quiet = Duration{500});
  GroupInfo group_info();
  /// Every sequence that is not final, with the places where it was found.
  std::vector<std::pair<std::uint64_t, std::string>> places();
  void expect_conserved(const char* when);
  /// Offline: checksums, counters recounted, indexes. Requires no open broker.
  void expect_sound();

  /// Runs `act` in a process of its own, which says what it has done by lines; kills it with SIGKILL at once when it has said
  /// `lines` of them, and returns all that it said. `act` gets a function that says one line. `before_kill` runs here, while
  /// the process is still alive.
  using Say = std::function<void(const std::string&)>;
  static std::vector<std::string> kill_after(std::size_t lines, const std::function<void(const Say&)>& act,
                                             const std::function<void()>& before_kill = {});

  test::Scratch scratch;
  const std::filesystem::path folder = scratch.path();
  std::optional<Broker> broker;
};

inline const QueueChange fast_retry{.backoff_initial = Duration{0}, .backoff_max = Duration{0}, .backoff_jitter = 0.0};

}  // namespace ackwire::guarantees
