// A peer with a small frame waits for what goes into one commit: how much that is follows how long commits take.
#include "runtime/commit_pace.hpp"

#include <gtest/gtest.h>

namespace ackwire::test {
namespace {

using namespace std::chrono_literals;
using runtime::CommitPace;
using runtime::Peer;
using runtime::Received;

class Pace : public ::testing::Test {
 protected:
  static constexpr Peer flood{false, 1}, good{false, 2};

  /// A turn with as much of the flood as is let in, on a disk that takes `micros_per_kib`, and `fixed_`.
  std::size_t turn(std::size_t wanted, int micros_per_kib, bool with_good) {
    const std::size_t taken = std::min(wanted, pace_.bytes());
    const std::string bytes(taken, 'x');
    std::vector<Received> frames{{flood, bytes, nullptr, 0}};
    if (with_good) frames.push_back({good, "hello", nullptr, 0});
    pace_.take(frames);
    last_ = fixed_ + std::chrono::microseconds(micros_per_kib * static_cast<int>(taken / 1024));
    now_ += last_;
    pace_.committed(last_, now_);
    return taken;
  }

  CommitPace pace_;
  std::chrono::steady_clock::time_point now_{1h};
  std::chrono::microseconds last_{0}, fixed_{500};
};

TEST_F(Pace, OneAloneIsNotBounded) {
  turn(1, 0, false);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(turn(16u << 20, 5, false), 16u << 20);
}

TEST_F(Pace, AFloodBesideOthersIsBoundedByTime) {
  turn(1, 0, true);
  for (int i = 0; i < 20; ++i) turn(16u << 20, 5, true);
  EXPECT_LE(last_, CommitPace::turn_time * 5 / 4);
  EXPECT_GT(last_, CommitPace::turn_time / 2) << "and not more than it must be";
}

TEST_F(Pace, ASlowDiskStillGetsLargeCommits) {
  fixed_ = 30ms;
  for (int i = 0; i < 200; ++i) turn(16u << 20, 5, true);
  EXPECT_GT(pace_.bytes(), 8u << 20) << "every commit is slow, so it is not the bytes";
}

TEST_F(Pace, ItIsTakenBackWhenTheOthersAreGone) {
  for (int i = 0; i < 20; ++i) turn(16u << 20, 5, true);
  ASSERT_LT(pace_.bytes(), 4u << 20);
  now_ += 2s;
  turn(16u << 20, 5, false);
  now_ += 2s;
  turn(16u << 20, 5, false);
  EXPECT_EQ(turn(16u << 20, 5, false), 16u << 20);
}

TEST_F(Pace, SomethingIsAlwaysTaken) {
  for (int i = 0; i < 50; ++i) {
    turn(16u << 20, 1'000, true);
    EXPECT_GE(pace_.bytes(), CommitPace::least_bytes);
  }
  EXPECT_LT(pace_.bytes(), 1u << 20);
}

}  // namespace
}  // namespace ackwire::test
