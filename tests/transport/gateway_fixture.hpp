// A gateway on the test's own thread, peers over ZeroMQ, and peers that speak ZMTP by hand.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "transport/zmtp_gateway.hpp"

namespace ackwire::transport {

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

/// Speaks ZMTP by hand, because ZeroMQ itself never sends a part of a message. Does not wait for what the gateway says.
class RawPeer {
 public:
  enum class Says : std::uint8_t { nothing, handshake };
  explicit RawPeer(const std::string& endpoint, Says says = Says::handshake) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (says == Says::nothing) return;
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
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  bool part(std::string_view payload, bool more) {
    std::string frame(1, more ? '\x03' : '\x02');
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
    return put(frame.append(payload));
  }

  bool put(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Appends what the gateway said. Does not wait.
  void take(std::string& said) const {
    char bytes[4'096];
    for (ssize_t got = 0; (got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
      said.append(bytes, static_cast<std::size_t>(got));
  }
  /// False when the other side closed the connection. Does not wait.
  bool open() const {
    char bytes[4'096];
    for (;;) {
      const auto got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
    }
  }

 private:
  const int fd_;
};

}  // namespace ackwire::transport
