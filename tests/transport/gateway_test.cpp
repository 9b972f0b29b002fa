#include "transport/zmtp_gateway.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <algorithm>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "ackwire/limits.hpp"
#include "support/scratch.hpp"
#include "transport/gateway_fixture.hpp"

namespace ackwire::transport {
namespace {

TEST_F(GatewayTest, AnswersTheRightPeer) {
  auto one = peer("one"), two = peer("two");
  say(one, "1");
  say(two, "2");
  for (const Inbound& inbound : take(2)) EXPECT_EQ(gateway_->send(inbound.peer, "for ", inbound.bytes), Sent::ok);
  gateway_->wait(-1, milliseconds{0});
  EXPECT_EQ(hear(one), "for 1");
  EXPECT_EQ(hear(two), "for 2");
}

TEST_F(GatewayTest, FramesOutliveTheNextOnes) {
  auto one = peer();
  say(one, "first");
  auto first = take(1);
  say(one, std::string(100'000, 'x'));
  take(1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].bytes, "first");
}

TEST_F(GatewayTest, ExtraFramesAreCountedAndThrownAway) {
  auto one = peer();
  say(one, "first", true);
  for (int i = 0; i < 9; ++i) say(one, "extra", true);
  say(one, "last");
  say(one, "next");
  const auto all = take(2);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].bytes, "first");
  EXPECT_EQ(all[0].extra_frames, 10u);
  EXPECT_EQ(all[1].bytes, "next");
  EXPECT_EQ(all[1].extra_frames, 0u);
}

TEST_F(GatewayTest, LimitsOfOneReceive) {
  auto one = peer();
  for (int i = 0; i < 10; ++i) say(one, std::string(1'000, 'x'));
  std::vector<Inbound> all;
  for (int i = 0; i < 100 && all.size() < 3; ++i) {
    gateway_->wait(-1, milliseconds{50});
    gateway_->receive(all, 3 - all.size(), 1u << 30);
  }
  EXPECT_EQ(all.size(), 3u);
  all.clear();
  std::this_thread::sleep_for(milliseconds{100});
  gateway_->receive(all, 100, 2'500);
  EXPECT_EQ(all.size(), 3u) << "stops after the frame that reaches the limit";
}

TEST_F(GatewayTest, WhoFloodsLeavesRoomForSmallFramesOfOthers) {
  auto flood = peer(), other_flood = peer(), good = peer(), better = peer();
  for (zmq::socket_t* socket : {&flood, &other_flood, &good, &better}) say(*socket, "hello");
  ASSERT_EQ(take(4).size(), 4u);
  for (zmq::socket_t* socket : {&flood, &other_flood}) {
    for (int i = 0; i < 3; ++i) say(*socket, std::string(100'000, 'x'));
  }
  say(good, "small");
  say(better, "small");
  std::this_thread::sleep_for(milliseconds{100});
  std::vector<Inbound> all;
  std::size_t small = 0, large = 0;
  for (int round = 0; round < 3; ++round) {  // what is there is learnt bit by bit
    all.clear();
    gateway_->receive(all, 100, 1);
    const auto in_round =
        static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Inbound& in) { return in.bytes.size() > 1'000; }));
    EXPECT_LE(in_round, 1u) << "of both";
    large += in_round;
    small += all.size() - in_round;
  }
  EXPECT_EQ(small, 2u);
  EXPECT_GE(large, 1u);
}

TEST_F(GatewayTest, APeerThatLeftIsGone) {
  runtime::PeerId id{};
  {
    auto one = peer();
    say(one, "bye");
    id = take(1)[0].peer;
  }
  Sent sent = Sent::ok;
  for (int i = 0; i < 100 && sent == Sent::ok; ++i) {
    gateway_->wait(-1, milliseconds{20});
    sent = gateway_->send(id, "x", "");
  }
  EXPECT_EQ(sent, Sent::gone);
  EXPECT_EQ(gateway_->send(id, "x", ""), Sent::gone);
  EXPECT_EQ(gateway_->send(runtime::PeerId{12'345}, "x", ""), Sent::gone);
}

TEST_F(GatewayTest, ASlowPeerLosesNothingAndBlocksNobody) {
  auto slow = peer("slow"), quick = peer("quick");
  slow.set(zmq::sockopt::rcvhwm, 1);
  say(slow, "slow");
  say(quick, "quick");
  runtime::PeerId slow_id{}, quick_id{};
  for (const Inbound& inbound : take(2)) (inbound.bytes == "slow" ? slow_id : quick_id) = inbound.peer;
  constexpr int count = 600;
  for (int i = 0; i < count; ++i) ASSERT_EQ(gateway_->send(slow_id, std::to_string(i), std::string(50'000, 'x')), Sent::ok);
  EXPECT_EQ(gateway_->send(quick_id, "hello", ""), Sent::ok);
  gateway_->wait(-1, milliseconds{0});
  EXPECT_EQ(hear(quick), "hello");
  std::thread reader([&] {
    for (int i = 0; i < count; ++i) ASSERT_EQ(hear(slow), std::to_string(i) + std::string(50'000, 'x'));
    say(slow, "done");
  });
  const auto done = take(1);
  reader.join();
  ASSERT_EQ(done.size(), 1u);
}

TEST_F(GatewayTest, AnOutboxIsBounded) {
  make({.outbox_bytes = 1'000'000});
  auto slow = peer();
  say(slow, "x");
  const auto id = take(1).at(0).peer;
  int sent = 0;
  while (sent < 10'000 && gateway_->send(id, "", std::string(100'000, 'x')) == Sent::ok) ++sent;
  EXPECT_LT(sent, 2'000) << "the sockets take some";
  EXPECT_EQ(gateway_->send(id, "", "x"), Sent::gone) << "the peer was forgotten";
}

TEST_F(GatewayTest, AFrameOverTheLimitEndsTheConnection) {
  auto one = peer(), two = peer();
  say(one, std::string(limits::frame_bytes + 1, 'x'));
  say(two, "fine");
  const auto all = take(1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].bytes, "fine");
}

TEST_F(GatewayTest, ThePeerTableIsBounded) {
  make({.max_peers = 3});
  std::vector<zmq::socket_t> peers;
  std::vector<runtime::PeerId> ids;
  for (int i = 0; i < 4; ++i) {
    peers.push_back(peer());
    say(peers.back(), "hello");
    ids.push_back(take(1).at(0).peer);
  }
  EXPECT_EQ(gateway_->send(ids[0], "x", ""), Sent::gone) << "silent longest";
  EXPECT_EQ(gateway_->send(ids[3], "x", ""), Sent::ok);
  say(peers[0], "again");
  const auto again = take(1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_NE(again[0].peer, ids[0]) << "a new peer";
}

TEST_F(GatewayTest, DropForgetsTheOutbox) {
  auto one = peer();
  say(one, "x");
  const auto id = take(1).at(0).peer;
  for (int i = 0; i < 400; ++i) gateway_->send(id, "", std::string(100'000, 'x'));
  gateway_->drop(id);
  gateway_->drop(id);
  EXPECT_EQ(gateway_->send(id, "", "x"), Sent::gone);
}

TEST_F(GatewayTest, WaitEndsByDescriptorAndByTime) {
  const int fd = ::eventfd(1, EFD_CLOEXEC);
  auto start = std::chrono::steady_clock::now();
  gateway_->wait(fd, milliseconds{5'000});
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds{1'000});
  ::close(fd);
  start = std::chrono::steady_clock::now();
  gateway_->wait(-1, milliseconds{60});
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{55});
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds{1'000});
}

TEST_F(GatewayTest, EndpointsThatCannotBeBound) {
  EXPECT_EQ(gateway_->bind("tcp://0.0.0.0:0").error().code, Errc::insecure_bind);
  EXPECT_EQ(gateway_->bind(endpoint_).error().code, Errc::io);
  EXPECT_EQ(gateway_->bind("nonsense").error().code, Errc::invalid_argument);
}

TEST_F(GatewayTest, IpcIsForTheOwnerOnly) {
  const test::Scratch directory;
  const std::string path = (directory.path() / "socket").string();
  const mode_t before = umask(022);
  ASSERT_TRUE(gateway_->bind("ipc://" + path).ok());
  EXPECT_EQ(umask(before), 022u) << "the host's mask is as it was";
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(gateway_->bind("ipc://" + path).error().code, Errc::io) << "somebody listens there";
  gateway_.reset();
}

TEST_F(GatewayTest, ARawPeerIsHeard) {
  RawPeer raw(endpoint_);
  EXPECT_TRUE(raw.part("by hand", false));
  const auto all = take(1);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].bytes, "by hand");
}

/// B7: parts behind the first are thrown away as they come, and not for ever.
TEST_F(GatewayTest, AMessageThatNeverEndsIsCutOff) {
  std::atomic<bool> over{false};
  int parts = 0;
  std::thread evil([&] {
    RawPeer raw(endpoint_);
    const std::string part(100'000, 'x');
    while (parts < 100'000 && raw.part(part, true)) ++parts;
    over = true;
  });
  auto good = peer("good");
  std::vector<Inbound> all;
  while (!over) {
    gateway_->wait(-1, milliseconds{20});
    gateway_->receive(all, 100, 1u << 20);
  }
  evil.join();
  EXPECT_LT(parts, 1'000) << "the connection was ended; the sockets take some";
  EXPECT_TRUE(all.empty());
  say(good, "alive");
  EXPECT_EQ(take(1).size(), 1u) << "nobody else was";
}

}  // namespace
}  // namespace ackwire::transport
