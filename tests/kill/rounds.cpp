#include "rounds.hpp"

#include <signal.h>

#include <ackwire/ackwire.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "body.hpp"
#include "roles.hpp"

namespace kill_test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds start_most{30'000};
constexpr milliseconds drain_most{60'000};
constexpr milliseconds end_most{30'000};
constexpr std::uint64_t rest_ms = 100;
constexpr std::uint64_t afterglow_most_ms = 30;  // from the cut of the disk's power to that of the process

void sleep_ms(std::uint64_t count) { std::this_thread::sleep_for(milliseconds{count}); }

}  // namespace

Rounds::Rounds(const Plan& plan)
    : plan_(plan),
      random_(plan.seed),
      endpoint_("ipc://" + (plan.directory / "socket").string()),
      store_(plan.store.empty() ? plan.directory / "store" : plan.store),
      journals_(plan.directory / "journals"),
      server_log_(plan.directory / "server.log"),
      producers_(plan.producers),
      consumers_(plan.consumers) {
  std::filesystem::create_directories(journals_);
}

bool Rounds::complain(const std::string& what) {
  complaint_ = what;
  if (!plan_.quiet) std::fprintf(stderr, "kill_test: %s\n", what.c_str());
  return false;
}

std::uint64_t Rounds::between(std::uint64_t least, std::uint64_t most) { return least + random_() % (most - least + 1); }

bool Rounds::start_server(bool wait) {
  std::ofstream(server_log_, std::ios::trunc).flush();
  const auto begin = Clock::now();
  std::vector<std::string> arguments = plan_.serve;
  if (arguments.empty()) arguments = {plan_.command, "serve"};
  arguments.insert(arguments.end(), {store_.string(), "--listen", endpoint_});
  server_ = Child(arguments, server_log_.string());
  return !wait || wait_until_ready(begin);
}

/// The readiness line is the promise: from it on the server answers.
bool Rounds::wait_until_ready(Clock::time_point begin) {
  while (Clock::now() - begin < start_most) {
    std::ifstream log(server_log_);
    std::ostringstream text;
    text << log.rdbuf();
    if (text.str().find(" ready: ") != std::string::npos) {
      const double took = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
      ++figures_.starts;
      figures_.start_ms_sum += took;
      figures_.start_ms_most = std::max(figures_.start_ms_most, took);
      return true;
    }
    if (!server_.running()) {
      store_is_wrong_ = figures_.kills > 0;
      return complain("the server did not start: " + text.str());
    }
    sleep_ms(1);
  }
  return complain("the server was not ready in time");
}

void Rounds::start_client(const std::string& role, std::uint64_t slot) {
  const std::string name = role.substr(0, 1) + std::to_string(slot) + "." + std::to_string(++incarnation_);
  auto& children = role == "produce" ? producers_ : consumers_;
  children[slot] = Child({plan_.self, "--role", role, "--endpoint", endpoint_, "--journal", (journals_ / name).string(), "--name",
                          name, "--seed", std::to_string(random_())},
                         (plan_.directory / "clients.log").string());
}

bool Rounds::prepare() {
  if (!start_server(true)) return false;
  auto client = ackwire::Client::connect(endpoint_);
  if (!client) return complain(client.error().message);
  ackwire::QueuePolicy policy;
  policy.visibility_timeout = ackwire::Duration{2'000};
  policy.backoff = {.initial = ackwire::Duration{5}, .multiplier = 2, .max = ackwire::Duration{100}, .jitter = 0.5};
  policy.max_attempts = 1'000;
  policy.max_depth = 20'000;
  if (const auto made = client->create_queue(queue, policy); !made) return complain(made.error().message);
  for (std::uint64_t i = 0; i < plan_.producers; ++i) start_client("produce", i);
  for (std::uint64_t i = 0; i < plan_.consumers; ++i) start_client("consume", i);
  return true;
}

void Rounds::signal_clients(int number) const {
  for (const Child& child : producers_) child.signal(number);
  for (const Child& child : consumers_) child.signal(number);
}

/// Either in the middle of the work, or when all of it has come to rest: then the last commit has nothing behind it that might
/// sync what it did not.
bool Rounds::cut_power() {
  const bool at_rest = plan_.always_at_rest || between(0, 1) == 0;
  if (at_rest) {
    signal_clients(SIGSTOP);
    sleep_ms(rest_ms);
  }
  const bool done = plan_.cut();
  if (at_rest) signal_clients(SIGCONT);
  sleep_ms(between(0, afterglow_most_ms));  // what it says now must be true as well
  return done;
}

/// Some work under the running server, perhaps a client killed, then the server.
bool Rounds::one_round() {
  const std::uint64_t life = between(plan_.life_least_ms, plan_.life_most_ms);
  const bool kill_client = between(0, 3) == 0;
  sleep_ms(kill_client ? life / 2 : life);
  if (kill_client) {
    const bool producer = between(0, 1) == 0;
    const std::uint64_t slot = between(0, (producer ? plan_.producers : plan_.consumers) - 1);
    start_client(producer ? "produce" : "consume", slot);  // replacing it kills the one before
    ++figures_.client_kills;
    sleep_ms(life - life / 2);
  }
  if (plan_.cut && !cut_power()) return complain("the power could not be cut");
  server_.kill();
  ++figures_.kills;
  return !plan_.restore || plan_.restore() || complain("the disk does not come back");
}

bool Rounds::verify_store() {
  Child verify({plan_.command, "verify", store_.string(), "--output", "json", "--quiet"},
               (plan_.directory / "verify.log").string());
  const int status = verify.wait(start_most);
  if (status != 0) store_is_wrong_ = figures_.kills > 0;
  if (status != 0)
    return complain("`ackwire verify` says " + std::to_string(status) + " after kill " + std::to_string(figures_.kills));
  ++figures_.verified;
  return true;
}

/// Producers end first and say what became of everything; then the queue runs empty.
bool Rounds::drain() {
  for (Child& producer : producers_) producer.signal(SIGTERM);
  for (Child& producer : producers_) {
    if (producer.wait(end_most) != 0) return complain("a producer did not end in order; see clients.log");
  }
  auto client = ackwire::Client::connect(endpoint_);
  if (!client) return complain(client.error().message);
  const auto deadline = Clock::now() + drain_most;
  std::uint64_t depth = 1;
  while (depth > 0 && Clock::now() < deadline) {
    const auto info = client->queue_info(queue);
    if (!info && info.error().code == ackwire::Errc::no_queue) {
      store_is_wrong_ = true;
      return complain("the queue, whose making was confirmed, is gone");
    }
    if (!info) return complain(info.error().message);
    depth = info->depth - info->groups.front().dead;
    if (depth > 0) sleep_ms(50);
  }
  if (depth > 0) return complain("the queue did not run empty: " + std::to_string(depth) + " messages left");
  for (Child& consumer : consumers_) consumer.signal(SIGTERM);
  for (Child& consumer : consumers_) {
    if (consumer.wait(end_most) != 0) return complain("a consumer did not end in order; see clients.log");
  }
  return true;
}

bool Rounds::left_in_store(std::vector<Left>& left) {
  auto client = ackwire::Client::connect(endpoint_);
  if (!client) return complain(client.error().message);
  std::uint64_t from = 0;
  do {
    const auto page = client->peek(queue, "default", from, ackwire::limits::page_messages);
    if (!page) return complain(page.error().message);
    for (const auto& message : page->messages) left.push_back({std::string(name_in(message.body)), message.sequence});
    from = page->next;
  } while (from != 0);
  do {
    const auto page = client->dead_letters(queue, "default", from, ackwire::limits::page_messages);
    if (!page) return complain(page.error().message);
    for (const auto& letter : page->letters) left.push_back({std::string(name_in(letter.body)), letter.sequence});
    from = page->next;
  } while (from != 0);
  return true;
}

std::optional<Verdict> Rounds::run() {
  if (!prepare()) return std::nullopt;
  for (std::uint64_t round = 1; round <= plan_.rounds; ++round) {
    if (!one_round()) return std::nullopt;
    if (round % plan_.verify_every == 0 && !verify_store()) return std::nullopt;
    // One start in five is killed without having been ready: opening a store must survive that as well.
    if (!start_server(round == plan_.rounds || between(0, 4) != 0)) return std::nullopt;
  }
  if (!drain()) return std::nullopt;
  std::vector<Left> left;
  if (!left_in_store(left)) return std::nullopt;
  server_.signal(SIGTERM);
  if (const int status = server_.wait(end_most); status != 0) {
    complain("the server ended with status " + std::to_string(status));
    return std::nullopt;
  }
  if (plan_.look_at_the_end && !plan_.look_at_the_end()) return std::nullopt;
  if (!verify_store()) return std::nullopt;
  return judge(journals_, left);
}

}  // namespace kill_test
