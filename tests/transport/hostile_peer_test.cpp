// Peers that harm: what they can make the gateway hold is bounded, and they harm nobody but themselves.
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <thread>

#include "ackwire/limits.hpp"
#include "transport/gateway_fixture.hpp"

namespace ackwire::transport {
namespace {

class HostilePeer : public GatewayTest {
 protected:
  /// Lets the gateway work until `done`; false when that does not come.
  template <class F>
  bool until(F done) {
    const auto deadline = std::chrono::steady_clock::now() + milliseconds{20'000};
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      gateway_->wait(-1, milliseconds{10});
      gateway_->receive(heard_, 10'000, 1u << 30);
    }
    return true;
  }
  bool heard(std::string_view text) {
    return until([&] { return std::any_of(heard_.begin(), heard_.end(), [&](const Inbound& in) { return in.bytes == text; }); });
  }
  static std::string large_but_for_a_byte() {
    std::string frame("\x02\0\0\0\0", 5);
    for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(limits::frame_bytes >> shift));
    return frame.append(limits::frame_bytes - 1, 'x');
  }
  std::vector<Inbound> heard_;
};

TEST_F(HostilePeer, LargeFramesThatAreNotWholeAreBounded) {
  make({.partial_bytes = 16u << 20, .stall_timeout = milliseconds{1'500}});
  std::vector<std::unique_ptr<RawPeer>> bad;
  std::vector<std::thread> writers;
  const std::string frame = large_but_for_a_byte();
  for (int i = 0; i < 6; ++i) {
    bad.push_back(std::make_unique<RawPeer>(endpoint_));
    writers.emplace_back([&frame, raw = bad.back().get()] { raw->put(frame); });
  }
  auto good = peer();
  say(good, "small");
  EXPECT_TRUE(heard("small")) << "small frames need no place";
  say(good, std::string(1'000'000, 'y'));
  EXPECT_TRUE(heard(std::string(1'000'000, 'y'))) << "a large one waits until those that do not go on are ended";
  EXPECT_TRUE(until([&] { return std::none_of(bad.begin(), bad.end(), [](const auto& raw) { return raw->open(); }); }));
  for (std::thread& writer : writers) writer.join();
}

TEST_F(HostilePeer, FromWhoDoesNotReadNothingIsTaken) {
  make({.deaf_bytes = 1u << 20});
  RawPeer deaf(endpoint_);
  auto good = peer();
  deaf.part("deaf", false);
  ASSERT_TRUE(heard("deaf"));
  const auto id = heard_.back().peer;
  for (int i = 0; i < 60; ++i) ASSERT_EQ(gateway_->send(id, "", std::string(1u << 20, 'x')), Sent::ok);
  deaf.part("more", false);
  say(good, "good");
  EXPECT_TRUE(heard("good"));
  EXPECT_FALSE(std::any_of(heard_.begin(), heard_.end(), [](const Inbound& in) { return in.bytes == "more"; }));
  std::string said;
  EXPECT_TRUE(until([&] {
    said.clear();
    deaf.take(said);
    return !heard_.empty() && heard_.back().bytes == "more";
  })) << "when it has read";
}

TEST_F(HostilePeer, WhoTakesNothingIsEnded) {
  make({.stall_timeout = milliseconds{300}});
  RawPeer deaf(endpoint_);
  deaf.part("deaf", false);
  ASSERT_TRUE(heard("deaf"));
  const auto id = heard_.back().peer;
  for (int i = 0; i < 30; ++i) ASSERT_EQ(gateway_->send(id, "", std::string(1u << 20, 'x')), Sent::ok);
  EXPECT_EQ(gateway_->slow(), std::vector{id});
  EXPECT_TRUE(until([&] { return gateway_->send(id, "", "x") == Sent::gone; }));
  EXPECT_EQ(gateway_->take_gone(), std::vector{id});
  EXPECT_TRUE(gateway_->slow().empty());
}

TEST_F(HostilePeer, AllOutboxesTogetherAreBounded) {
  make({.outboxes_bytes = 20u << 20});
  std::vector<std::unique_ptr<RawPeer>> deaf;
  std::vector<runtime::PeerId> ids;
  for (int i = 0; i < 10; ++i) {
    deaf.push_back(std::make_unique<RawPeer>(endpoint_));
    deaf.back()->part("peer " + std::to_string(i), false);
    ASSERT_TRUE(heard("peer " + std::to_string(i)));
    ids.push_back(heard_.back().peer);
  }
  for (const auto id : ids) {
    for (int i = 0; i < 10 && gateway_->send(id, "", std::string(1u << 20, 'x')) == Sent::ok; ++i) {
    }
  }
  EXPECT_GE(gateway_->take_gone().size(), 3u) << "those with the most are gone";
  EXPECT_EQ(gateway_->send(ids.back(), "", "x"), Sent::ok) << "the others are not";
}

TEST_F(HostilePeer, SlowIsToldAndTakenBack) {
  RawPeer slow(endpoint_);
  slow.part("slow", false);
  ASSERT_TRUE(heard("slow"));
  const auto id = heard_.back().peer;
  for (int i = 0; i < 30; ++i) ASSERT_EQ(gateway_->send(id, "", std::string(1u << 20, 'x')), Sent::ok);
  EXPECT_EQ(gateway_->slow(), std::vector{id});
  std::string said;
  EXPECT_TRUE(until([&] {
    slow.take(said);
    return gateway_->slow().empty();
  }));
}

TEST_F(HostilePeer, EachPeerHasItsTurn) {
  auto flood = peer("flood"), good = peer("good");
  flood.set(zmq::sockopt::sndhwm, 0);
  say(good, "hello");
  ASSERT_TRUE(heard("hello"));
  for (int i = 0; i < 20'000; ++i) say(flood, "flood");
  heard_.clear();
  ASSERT_TRUE(heard("flood"));
  say(good, "good");
  std::this_thread::sleep_for(milliseconds{100});
  heard_.clear();
  for (int rounds = 0; rounds < 3; ++rounds) gateway_->receive(heard_, 10'000, 1u << 30);
  EXPECT_LT(heard_.size(), 1'000u) << "a round takes a part of what there is";
  EXPECT_TRUE(heard("good"));
  EXPECT_LT(heard_.size(), 3'000u) << "not behind the flood";
}

TEST_F(HostilePeer, OtherProtocolsAreClosed) {
  RawPeer http(endpoint_, RawPeer::Says::nothing), old(endpoint_, RawPeer::Says::nothing),
      silent(endpoint_, RawPeer::Says::nothing);
  http.put("GET / HTTP/1.1\r\n\r\n");
  old.put(std::string("\xff\0\0\0\0\0\0\0\x01\x7f\x01\0", 12));
  EXPECT_TRUE(until([&] { return !http.open() && !old.open(); }));
  EXPECT_TRUE(silent.open()) << "it has time to shake hands";
}

TEST_F(HostilePeer, WhoDoesNotShakeHandsOrSayAnythingIsClosed) {
  make({.handshake_timeout = milliseconds{200}, .first_frame_timeout = milliseconds{400}});
  RawPeer silent(endpoint_, RawPeer::Says::nothing), half(endpoint_, RawPeer::Says::nothing), mute(endpoint_);
  half.put("\xff");
  auto good = peer();
  say(good, "good");
  ASSERT_TRUE(heard("good"));
  const auto id = heard_.back().peer;
  EXPECT_TRUE(until([&] { return !silent.open() && !half.open() && !mute.open(); }));
  EXPECT_EQ(gateway_->send(id, "", "x"), Sent::ok);
}

TEST_F(HostilePeer, PingsAreAnswered) {
  RawPeer raw(endpoint_);
  raw.put(
      std::string("\x04\x0b\x04PING\0\x0a"
                  "abcd",
                  13));
  ASSERT_TRUE(raw.part("behind", false));
  ASSERT_TRUE(heard("behind"));
  std::string said;
  ASSERT_TRUE(until([&] {
    raw.take(said);
    return said.find("\x04PONGabcd") != std::string::npos;
  }));
}

/// Without a descriptor for another peer, those that wait stay in the kernel, and the gateway sleeps.
TEST_F(HostilePeer, WithoutDescriptorsNobodyIsAcceptedAndNoTimeIsWasted) {
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 12; ++i) peers.push_back(std::make_unique<RawPeer>(endpoint_));
  const int lowest = ::dup(0);
  ::close(lowest);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(lowest) + 20;  // four peers, beside the 16 that are spared
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  timespec start{}, end{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  for (int i = 0; i < 20; ++i) {
    gateway_->wait(-1, milliseconds{50});
    gateway_->receive(heard_, 100, 1u << 20);
  }
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  const double used = static_cast<double>(end.tv_sec - start.tv_sec) + static_cast<double>(end.tv_nsec - start.tv_nsec) / 1e9;
  EXPECT_LT(used, 0.2) << "of a second";
  for (std::size_t i = 0; i < peers.size(); ++i) ASSERT_TRUE(peers[i]->part("peer " + std::to_string(i), false));
  for (std::size_t i = 0; i < peers.size(); ++i) EXPECT_TRUE(heard("peer " + std::to_string(i)));
}

}  // namespace
}  // namespace ackwire::transport
