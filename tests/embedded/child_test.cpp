// Work in a child process that may die, or never end.
#include "api/child.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace ackwire::test {
namespace {

using namespace std::chrono_literals;
using api::Tell;

constexpr auto nothing = [](char, std::string_view) {};

TEST(Child, OneThatDoesNotGetOnIsEnded) {
  const auto end = api::run_in_child(
      [](const Tell& tell) {
        tell.place("blocks", "k");
        while (true) ::pause();
      },
      nothing, 100ms);
  ASSERT_TRUE(end.ok());
  EXPECT_TRUE(end->stuck);
  EXPECT_EQ(end->signal, SIGKILL);
  EXPECT_EQ(end->place, "blocks 6b");
}

TEST(Child, OneThatGetsOnMayTakeLonger) {
  std::string heard;
  const auto end = api::run_in_child(
      [](const Tell& tell) {
        for (int i = 0; i < 20; ++i) {
          ::usleep(50'000);
          tell.place("blocks", std::string(1, static_cast<char>(i)));
        }
        tell.line('d', "done");
      },
      [&heard](char, std::string_view text) { heard = text; }, 800ms);
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end->stuck);
  EXPECT_EQ(heard, "done");
}

TEST(Child, ASignalIsTold) {
  const auto end = api::run_in_child([](const Tell&) { ::raise(SIGBUS); }, nothing);
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end->stuck);
  EXPECT_EQ(end->signal, SIGBUS);
}

}  // namespace
}  // namespace ackwire::test
