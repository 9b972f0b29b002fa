#include "transport/diagnosis.hpp"

#include <gtest/gtest.h>

#include <zmq.hpp>

#include "support/scratch.hpp"
#include "transport/plain_socket.hpp"

namespace ackwire::transport {
namespace {

constexpr int no_stop = -1;

std::string told(const std::string& endpoint) {
  const auto parsed = endpoint_to_connect(endpoint);
  EXPECT_TRUE(parsed.ok()) << endpoint;
  return parsed ? diagnose(*parsed, no_stop) : std::string();
}

/// A ZeroMQ socket of some kind that nobody answers at.
struct Foreign {
  explicit Foreign(zmq::socket_type kind) : socket(context, kind) {
    socket.set(zmq::sockopt::linger, 0);
    socket.bind("tcp://127.0.0.1:*");
  }
  std::string endpoint() { return socket.get(zmq::sockopt::last_endpoint); }
  zmq::context_t context;
  zmq::socket_t socket;
};

}  // namespace

TEST(Diagnosis, NobodyListens) {
  EXPECT_EQ(told("tcp://127.0.0.1:1"), "nobody listens at tcp://127.0.0.1:1 (Connection refused)");
  const test::Scratch directory;
  const std::string path = (directory.path() / "none").string();
  EXPECT_EQ(told("ipc://" + path), "there is no socket at ipc://" + path + " (No such file or directory)");
}

TEST(Diagnosis, AZeroMqSocketOfAnotherKind) {
  using zmq::socket_type;
  for (const auto& [kind, name] : {std::pair{socket_type::pub, "PUB"}, {socket_type::rep, "REP"}, {socket_type::pull, "PULL"}}) {
    Foreign foreign(kind);
    const std::string text =
        "a ZeroMQ socket of the kind " + std::string(name) + " answers at " + foreign.endpoint() + ", not an Ackwire broker";
    EXPECT_EQ(told(foreign.endpoint()), text);
    EXPECT_EQ(foreign_kind(*endpoint_to_connect(foreign.endpoint()), no_stop), text);
  }
}

TEST(Diagnosis, ARouterMayBeABroker) {
  Foreign foreign(zmq::socket_type::router);
  EXPECT_EQ(foreign_kind(*endpoint_to_connect(foreign.endpoint()), no_stop), "");
}

TEST(Diagnosis, SilenceIsSilence) {
  int failure = 0;
  const test::Scratch directory;
  Foreign port(zmq::socket_type::pub);
  const std::string endpoint = port.endpoint();
  port.socket.close();
  port.context.close();
  const auto parsed = endpoint_to_connect(endpoint);
  const PlainSocket silent = PlainSocket::listen(*parsed, failure);
  ASSERT_EQ(failure, 0);
  EXPECT_EQ(told(endpoint), endpoint + " takes connections but says nothing: its process is stopped, hangs, or is no broker");
  EXPECT_FALSE(check_free(*parsed).ok());
  EXPECT_TRUE(check_free(*endpoint_to_bind("tcp://127.0.0.1:*")).ok());
}

}  // namespace ackwire::transport
