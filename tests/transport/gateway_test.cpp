#include "transport/zmtp_gateway.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <zmq.hpp>

#include "ackwire/limits.hpp"
#include "support/scratch.hpp"
#include "transport/link_peer.hpp"

namespace ackwire::transport {
namespace {

using runtime::Inbound;
using runtime::Sent;
using std::chrono::milliseconds;

/// A gateway on the test's own thread and plain ZeroMQ peers.
class GatewayTest : public ::testing::Test {
 protected:
  void SetUp() override { make({}); }
  void make(const ZmtpGatewayOptions& options) {
    gateway_ = std::move(*make_zmtp_gateway(options));
    endpoint_ = *gateway_->bind("tcp://127.0.0.1:*");
  }
  zmq::socket_t peer(const std::string& id = {}) {
    zmq::socket_t socket(context_, zmq::socket_type::dealer);
    if (!id.empty()) socket.set(zmq::sockopt::routing_id, id);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvtimeo, 5'000);
    socket.connect(endpoint_);
    return socket;
  }
  static void say(zmq::socket_t& socket, std::string_view text, bool more = false) {
    socket.send(zmq::message_t(text.data(), text.size()), more ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  static std::string hear(zmq::socket_t& socket) {
    zmq::message_t message;
    return socket.recv(message) ? message.to_string() : "(nothing)";
  }
  /// Frames until there are `count`, or five seconds have passed.
  std::vector<Inbound> take(std::size_t count) {
    std::vector<Inbound> all;
    const auto deadline = std::chrono::steady_clock::now() + milliseconds{5'000};
    while (all.size() < count && std::chrono::steady_clock::now() < deadline) {
      gateway_->wait(-1, milliseconds{50});
      gateway_->receive(all, count - all.size(), 1u << 30);
    }
    return all;
  }
  zmq::context_t context_;
  std::unique_ptr<runtime::Gateway> gateway_;
  std::string endpoint_;
};

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

/// Speaks ZMTP by hand, because ZeroMQ itself never sends a part of a message. Does not wait for what the gateway says.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    std::string greeting("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16);
    greeting.resize(64, '\0');
    EXPECT_TRUE(put(greeting));
    const std::string ready = std::string(
        "\x05READY\x0bSocket-Type\0\0\0\x06"
        "DEALER",
        28);
    EXPECT_TRUE(put(std::string("\x04") + static_cast<char>(ready.size()) + ready));
  }
  ~RawPeer() { ::close(fd_); }
  bool part(std::string_view payload, bool more) {
    std::string frame(1, more ? '\x03' : '\x02');
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
    return put(frame.append(payload));
  }

 private:
  bool put(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  const int fd_;
};

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
