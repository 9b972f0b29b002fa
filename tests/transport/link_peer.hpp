// Two ends for tests: a link user that keeps what it hears, and a gateway in a thread of its own that answers by a rule.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client/link.hpp"
#include "transport/zmq_link.hpp"
#include "transport/zmtp_gateway.hpp"

namespace ackwire::transport {

class RecordingUser : public client::LinkUser {
 public:
  void connected() override {
    note([this] { ++connects; });
  }
  void disconnected(std::string_view why) override {
    note([&] {
      ++disconnects;
      reason = why;
    });
  }
  void failed(const Error& error) override {
    note([&] { reason = error.message; });
  }
  void received(std::string_view frame, std::shared_ptr<const void>) override {
    note([&] {
      ++frames;
      bytes += frame.size();
      if (keep) heard.emplace_back(frame);
    });
  }
  bool next_frame(std::string& frame) override {
    const std::lock_guard lock(mutex_);
    if (to_send_.empty()) return false;
    frame = std::move(to_send_.front());
    to_send_.pop_front();
    return true;
  }
  std::chrono::milliseconds tick(std::chrono::steady_clock::time_point) override {
    ++ticks;
    return std::chrono::milliseconds{200};
  }
  bool wants_reconnect() override { return reconnect.exchange(false); }
  std::chrono::milliseconds backoff() override { return std::chrono::milliseconds{20}; }

  void send(std::string frame, client::Link& link) {
    {
      const std::lock_guard lock(mutex_);
      to_send_.push_back(std::move(frame));
    }
    link.wake();
  }
  /// True when `done` became true (looked at under the lock) in time.
  template <class F>
  bool wait_for(F done, std::chrono::milliseconds most = std::chrono::milliseconds{10'000}) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, done);
  }

  // Under the lock of wait_for().
  int connects = 0, disconnects = 0;
  std::string reason;
  std::vector<std::string> heard;
  std::uint64_t frames = 0, bytes = 0;
  bool keep = true;
  std::atomic<bool> reconnect{false};
  std::atomic<int> ticks{0};

 private:
  template <class F>
  void note(F change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> to_send_;
};

/// Runs a gateway like the commit loop does. `rule` is called on its thread.
class GatewayHost {
 public:
  using Rule = std::function<void(runtime::Gateway&, const runtime::Inbound&)>;
  GatewayHost(Rule rule, const std::string& endpoint = "tcp://127.0.0.1:*", const ZmtpGatewayOptions& options = {})
      : rule_(std::move(rule)) {
    gateway_ = std::move(*make_zmtp_gateway(options));
    bound_ = *gateway_->bind(endpoint);
    thread_ = std::thread([this] { run(); });
  }
  ~GatewayHost() {
    stop_ = true;
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    gateway_.reset();
    ::close(wake_);
  }
  const std::string& endpoint() const { return bound_; }
  std::atomic<std::uint64_t> frames{0}, waits{0};

 private:
  void run() {
    std::vector<runtime::Inbound> inbox;
    while (!stop_) {
      gateway_->wait(wake_, std::chrono::milliseconds{1'000});
      ++waits;
      inbox.clear();
      gateway_->receive(inbox, 4'096, 16u << 20);
      frames += inbox.size();
      for (const auto& inbound : inbox) rule_(*gateway_, inbound);
    }
  }
  Rule rule_;
  std::unique_ptr<runtime::Gateway> gateway_;
  std::string bound_;
  const int wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline void echo(runtime::Gateway& gateway, const runtime::Inbound& inbound) { gateway.send(inbound.peer, "echo:", inbound.bytes); }

}  // namespace ackwire::transport
