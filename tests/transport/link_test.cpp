#include "transport/zmq_link.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <zmq.hpp>

#include "support/scratch.hpp"
#include "transport/link_peer.hpp"

namespace ackwire::transport {
namespace {

using std::chrono::milliseconds;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/// Members in the order in which they must end: the link before its user.
struct Client {
  RecordingUser user;
  std::unique_ptr<client::Link> link;
  explicit Client(const std::string& endpoint) : link(std::move(*make_zmq_link(endpoint))) { EXPECT_TRUE(link->start(user).ok()); }
};

TEST(Link, SendsAndReceives) {
  GatewayHost host(echo);
  Client client(host.endpoint());
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 1; }));
  client.user.send("hello", *client.link);
  client.user.send(std::string(100'000, 'x'), *client.link);
  client.user.send("", *client.link);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.heard.size() == 3; }));
  EXPECT_EQ(client.user.heard[0], "echo:hello");
  EXPECT_EQ(client.user.heard[1], "echo:" + std::string(100'000, 'x'));
  EXPECT_EQ(client.user.heard[2], "echo:");
}

TEST(Link, OverIpc) {
  const test::Scratch directory;
  {
    GatewayHost host(echo, "ipc://" + (directory.path() / "socket").string());
    Client client(host.endpoint());
    client.user.send("hello", *client.link);
    ASSERT_TRUE(client.user.wait_for([&] { return client.user.heard.size() == 1; }));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "the socket file was left behind";
}

TEST(Link, AbsentBrokerCostsNothing) {
  const double before = cpu_seconds();
  Client client("tcp://127.0.0.1:1");
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.disconnects >= 5; }));
  EXPECT_EQ(client.user.connects, 0);
  EXPECT_LT(cpu_seconds() - before, 0.5);
  EXPECT_LT(client.user.ticks, 200);
}

TEST(Link, WaitsForABrokerThatComesLater) {
  std::string endpoint;
  { endpoint = GatewayHost(echo).endpoint(); }
  Client client(endpoint);
  client.user.send("early", *client.link);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.disconnects >= 2; }));
  GatewayHost host(echo, endpoint);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.heard.size() == 1; }));
  EXPECT_EQ(client.user.heard[0], "echo:early");
}

TEST(Link, SeesTheBrokerGoAndComeBack) {
  std::string endpoint;
  std::unique_ptr<GatewayHost> host = std::make_unique<GatewayHost>(echo);
  endpoint = host->endpoint();
  Client client(endpoint);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 1; }));
  host.reset();
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.disconnects >= 1; }, milliseconds{2'000}))
      << "a lost connection is seen at once";
  host = std::make_unique<GatewayHost>(echo, endpoint);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 2; }));
  client.user.send("again", *client.link);
  EXPECT_TRUE(client.user.wait_for([&] { return !client.user.heard.empty(); }));
}

TEST(Link, LastWordsAreHeard) {
  for (int round = 0; round < 20; ++round) {
    auto gateway = std::move(*make_zmtp_gateway());
    Client client(*gateway->bind("tcp://127.0.0.1:*"));
    client.user.send("hello", *client.link);
    std::vector<runtime::Inbound> inbox;
    while (inbox.empty()) {
      gateway->wait(-1, milliseconds{100});
      gateway->receive(inbox, 1, 1'000);
    }
    EXPECT_EQ(gateway->send(inbox[0].peer, "last words", {}), runtime::Sent::ok);
    gateway.reset();
    ASSERT_TRUE(client.user.wait_for([&] { return client.user.disconnects >= 1; }));
    EXPECT_EQ(client.user.heard.size(), 1u) << "round " << round;
  }
}

TEST(Link, ReconnectsWhenTheUserWantsIt) {
  std::mutex mutex;
  std::vector<runtime::PeerId> peers;
  GatewayHost host([&](runtime::Gateway& gateway, const runtime::Inbound& inbound) {
    const std::lock_guard lock(mutex);
    peers.push_back(inbound.peer);
    echo(gateway, inbound);
  });
  Client client(host.endpoint());
  client.user.send("one", *client.link);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.heard.size() == 1; }));
  client.user.reconnect = true;
  client.link->wake();
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 2 && client.user.disconnects == 1; }));
  client.user.send("two", *client.link);
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.heard.size() == 2; }));
  const std::lock_guard lock(mutex);
  EXPECT_NE(peers[0], peers[1]) << "a new connection is a new address";
}

TEST(Link, StopSendsWhatIsLeft) {
  GatewayHost host([](auto&, const auto&) {});
  {
    Client client(host.endpoint());
    ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 1; }));
    for (int i = 0; i < 500; ++i) client.user.send(std::string(10'000, 'x'), *client.link);
    client.link->stop(milliseconds{5'000});
    client.link->stop(milliseconds{5'000});
  }
  for (int i = 0; i < 100 && host.frames < 500; ++i) std::this_thread::sleep_for(milliseconds{20});
  EXPECT_EQ(host.frames, 500u);
}

TEST(Link, StopIsBoundedWhenNobodyReads) {
  zmq::context_t context;
  zmq::socket_t deaf(context, zmq::socket_type::router);
  deaf.set(zmq::sockopt::rcvhwm, 1);
  deaf.bind("tcp://127.0.0.1:*");
  const auto start = std::chrono::steady_clock::now();
  {
    Client client(deaf.get(zmq::sockopt::last_endpoint));
    ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 1; }));
    for (int i = 0; i < 400; ++i) client.user.send(std::string(200'000, 'x'), *client.link);
    client.link->stop(milliseconds{300});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds{3'000});
  deaf.set(zmq::sockopt::linger, 0);
}

TEST(Link, WakeUpsAreNotLost) {
  GatewayHost host(echo);
  Client client(host.endpoint());
  ASSERT_TRUE(client.user.wait_for([&] { return client.user.connects == 1; }));
  for (std::uint64_t i = 1; i <= 2'000; ++i) {
    client.user.send("ping", *client.link);
    ASSERT_TRUE(client.user.wait_for([&] { return client.user.frames == i; }, milliseconds{2'000})) << "round " << i;
  }
}

TEST(Link, ASilentPeerIsGivenUp) {
  zmq::context_t context;
  zmq::socket_t stream(context, zmq::socket_type::stream);  // accepts, never answers the handshake
  stream.bind("tcp://127.0.0.1:*");
  Client client(stream.get(zmq::sockopt::last_endpoint));
  EXPECT_TRUE(client.user.wait_for([&] { return client.user.disconnects >= 1; }, milliseconds{6'000}));
  EXPECT_EQ(client.user.connects, 0);
  stream.set(zmq::sockopt::linger, 0);
}

TEST(Link, OnlyThisMachine) {
  for (const char* endpoint : {"tcp://192.168.0.1:7733", "tcp://example.com:7733", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0",
                               "tcp://127.0.0.1", "inproc://x", "ipc://@x", ""}) {
    const auto link = make_zmq_link(endpoint);
    ASSERT_FALSE(link.ok()) << endpoint;
    EXPECT_EQ(link.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace ackwire::transport
