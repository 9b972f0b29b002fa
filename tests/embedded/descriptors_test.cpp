// A program with closed standard descriptors: nothing that the library opens gets their numbers, in the broker and in the client.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

/// What descriptor `number` is of; "" when it is closed.
std::string target(int number) {
  char path[512];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(number)).c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "";
}

int in_child_without_descriptors(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (int number = 0; number <= 2; ++number) ::close(number);
    const int outcome = act();
    for (int number = 0; outcome == 0 && number <= 2; ++number) {
      if (target(number) != "/" || ::dprintf(number, "%s", "a line that a program prints") >= 0) ::_exit(100 + number);
    }
    ::_exit(outcome);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(ClosedStandardDescriptors, AreNotTakenByABrokerThatListens) {
  const Scratch directory;
  const auto store = directory.path() / "store";
  EXPECT_EQ(in_child_without_descriptors([&] {
              auto broker = Broker::open(store);
              if (!broker || !broker->listen("ipc://" + (directory.path() / "socket").string())) return 1;
              if (!broker->create_queue("orders") || !broker->publish("orders", message("one"))) return 2;
              for (int number = 0; number <= 2; ++number) {
                if (target(number) != "/") return 3;
                ::dprintf(number, "%s", "a line that a program prints");
              }
              return broker->publish("orders", message("two")) && broker->close(5s) ? 0 : 4;
            }),
            0);
  const auto report = verify(store);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->problems, std::vector<std::string>{});
  EXPECT_EQ(report->messages, 2u);
}

TEST(ClosedStandardDescriptors, AreNotTakenByAClient) {
  ClientOptions options;
  options.connect_timeout = 200ms;
  EXPECT_EQ(in_child_without_descriptors([&] {
              static_cast<void>(Client::connect("tcp://127.0.0.1:1", options));  // nobody listens: what was opened counts
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace ackwire::test
