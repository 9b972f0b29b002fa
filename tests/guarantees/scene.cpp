#include "guarantees/scene.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>

namespace ackwire::guarantees {
namespace {

void say_line(int pipe, std::string text) {
  text += '\n';
  for (std::size_t done = 0; done < text.size();) {
    auto wrote = ::write(pipe, text.data() + done, text.size() - done);
    if (wrote <= 0) ::_exit(3);
    done += static_cast<std::size_t>(wrote);
  }
}

using Say = std::function<void(const std::string&)>;

std::vector<std::string> run_process(std::size_t kill_at, const std::function<void(const Say&)>& act,
                                     const std::function<void()>& before_kill = {}) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      act([&](const std::string& text) { say_line(ends[1], text); });
    } catch (const std::exception& what) {
      say_line(ends[1], std::string("exception: ") + what.what());
      ::_exit(2);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  std::size_t lines = 0;
  bool killed = false;
  char bytes[4096];
  for (ssize_t got; (got = ::read(ends[0], bytes, sizeof bytes)) > 0;) {
    for (ssize_t at = 0; at < got; ++at) lines += bytes[at] == '\n';
    said.append(bytes, static_cast<std::size_t>(got));
    if (killed || lines < kill_at) continue;
    if (before_kill) before_kill();
    killed = ::kill(child, SIGKILL) == 0;
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  std::vector<std::string> list;
  std::istringstream stream(said);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("exception: ")) throw std::runtime_error(line);
    list.push_back(line);
  }
  return list;
}

}  // namespace

void must(const Status& status) {
  if (!status) throw std::runtime_error(std::string(name(status.error().code)) + ": " + status.error().message);
}

void Guarantees::open(const QueueChange& policy) {
  broker.reset();
  broker.emplace(must(Broker::open(folder / "store")));
  must(broker->ensure_queue(queue, policy));
}

void Guarantees::reopen() {
  broker.reset();
  broker.emplace(must(Broker::open(folder / "store")));
}

Receipt Guarantees::publish(const std::string& body, const std::string& key) {
  return must(broker->publish(queue, Message{.body = body, .idempotency_key = key}));
}

Consumer Guarantees::consumer(std::uint32_t credit, bool renew_leases) {
  return must(broker->consume(queue, {.group = group, .credit = credit, .renew_leases = renew_leases}));
}

std::vector<Delivery> Guarantees::receive(Consumer& from, std::size_t count, Duration wait) {
  std::vector<Delivery> all;
  while (all.size() < count) {
    auto some = must(from.receive(count - all.size(), wait));
    if (some.empty()) break;
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::vector<std::string> Guarantees::drain(Duration quiet) {
  std::vector<std::string> bodies;
  auto from = consumer();
  for (;;) {
    auto some = must(from.receive(1'000, quiet));
    if (some.empty()) return bodies;
    for (const auto& delivery : some) bodies.emplace_back(delivery.body());
    must(from.ack(some));
  }
}

GroupInfo Guarantees::group_info() { return must(broker->queue_info(queue)).groups.at(0); }

std::vector<std::pair<std::uint64_t, std::string>> Guarantees::places() {
  std::vector<std::pair<std::uint64_t, std::string>> found;
  for (std::uint64_t from = 1; from != 0;) {
    auto page = must(broker->peek(queue, group, from, 1'000));
    for (const auto& message : page.messages) found.emplace_back(message.sequence, message.state);
    from = page.next;
  }
  for (std::uint64_t from = 1; from != 0;) {
    auto page = must(broker->dead_letters(queue, group, from, 1'000));
    for (const auto& letter : page.letters) found.emplace_back(letter.sequence, "dead");
    from = page.next;
  }
  return found;
}

void Guarantees::expect_conserved(const char* when) {
  auto info = group_info();
  EXPECT_EQ(info.published, info.ready + info.delayed + info.leased + info.dead + info.acked + info.expired + info.discarded)
      << when;
}

void Guarantees::expect_sound() {
  auto report = must(verify(folder / "store"));
  EXPECT_EQ(report.problems, std::vector<std::string>{});
}

std::vector<std::string> Guarantees::kill_after(std::size_t lines, const std::function<void(const Say&)>& act,
                                                const std::function<void()>& before_kill) {
  return run_process(lines, act, before_kill);
}

}  // namespace ackwire::guarantees
