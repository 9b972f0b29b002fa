// A peer of the gateway that falls silent: its session ends, and what waits for it is thrown away.
#include <gtest/gtest.h>
#include <poll.h>

#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "runtime/commit_loop.hpp"
#include "runtime/turn.hpp"
#include "store/memory_store.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

using namespace std::chrono_literals;
using runtime::PeerId;

/// Hands in what it is given; tells which peer was dropped.
class ScriptedGateway : public runtime::Gateway {
 public:
  void wait(int wake_fd, std::chrono::microseconds timeout) override {
    pollfd fd{wake_fd, POLLIN, 0};
    ::poll(&fd, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count()));
  }
  void receive(std::vector<runtime::Inbound>& out, std::size_t, std::size_t) override {
    if (!hello_.empty()) {
      auto owner = std::make_shared<const std::string>(std::exchange(hello_, {}));
      out.push_back({PeerId{7}, *owner, owner, 0});
    }
  }
  runtime::Sent send(PeerId, std::string_view, std::string_view) override { return runtime::Sent::ok; }
  void drop(PeerId peer) override { dropped_.set_value(peer); }
  std::vector<PeerId> take_gone() override { return {}; }
  const std::vector<PeerId>& slow() const override { return none_; }
  Result<std::string> bind(std::string_view endpoint) override { return std::string(endpoint); }

  std::future<PeerId> dropped() { return dropped_.get_future(); }
  std::string hello_;

 private:
  std::promise<PeerId> dropped_;
  const std::vector<PeerId> none_;
};

TEST(SilentPeer, LosesItsSessionAndItsOutbox) {
  BrokerOptions options;
  options.session_timeout = 300ms;
  auto loop = runtime::CommitLoop::start(store::MemoryStore::make(1), options);
  ASSERT_TRUE(loop.ok());
  auto gateway = std::make_unique<ScriptedGateway>();
  const wire::Hello hello{.producer = {'p'}};
  wire::encode(gateway->hello_, hello);
  auto dropped = gateway->dropped();
  const auto begun = std::chrono::steady_clock::now();
  (*loop)->set_gateway(std::move(gateway));
  ASSERT_EQ(dropped.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(dropped.get(), PeerId{7});
  EXPECT_GE(std::chrono::steady_clock::now() - begun, options.session_timeout);
}

/// A turn that took longer than the timeout: what the client said meanwhile waits for the next one, and counts.
TEST(SilentPeer, IsNotSilentWhenItsFramesWaited) {
  const auto store = store::MemoryStore::make(1);
  BrokerOptions options;
  options.session_timeout = 100ms;
  options.disk_floor_bytes = 0;
  runtime::Turn turn(*store, options);
  ASSERT_TRUE(turn.open().ok());
  const runtime::Peer peer{false, 7};
  const auto send = [](const runtime::Peer&, std::string_view, std::string_view) { return true; };
  constexpr auto a_look = 1'200ms;  // sessions are looked at once a second
  std::string hello, ping;
  wire::encode(hello, wire::Hello{.producer = {'p'}});
  wire::encode_ping(ping);
  turn.run({{peer, hello, nullptr, 0}}, send);
  std::this_thread::sleep_for(a_look);
  turn.run({{peer, ping, nullptr, 0}}, send);
  EXPECT_TRUE(turn.take_silent().empty());
  std::this_thread::sleep_for(a_look);
  turn.run({}, send);
  EXPECT_EQ(turn.take_silent().size(), 1u);
}

}  // namespace
}  // namespace ackwire::test
