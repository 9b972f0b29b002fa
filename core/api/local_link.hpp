// The link into the commit loop of this process. Frames go in on the thread that wants to send and come back on the loop's thread,
// so a call costs no more hops than it must.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "client/link.hpp"
#include "runtime/commit_loop.hpp"

namespace ackwire::api {

class LocalLink final : public client::Link, public runtime::LocalReceiver {
 public:
  explicit LocalLink(std::shared_ptr<runtime::CommitLoop> loop);
  ~LocalLink() override;

  Status start(client::LinkUser& user) override;
  void wake() override;
  void stop(std::chrono::milliseconds linger) override;

  void received(std::string_view frame, std::shared_ptr<const void> owner) override;
  void disconnected(std::string_view reason) override;

 private:
  /// Moves frames from the user into the inbox. One thread at a time does it; a thread that finds another at it leaves its turn
  /// to that one, so nobody waits and frames keep their order.
  void pump();
  void pump_all();
  void run_ticks();
  void watch_tick();

  std::shared_ptr<runtime::CommitLoop> loop_;
  client::LinkUser* user_ = nullptr;
  std::optional<runtime::LocalPeer> peer_;
  std::atomic<std::uint32_t> wanted_{0};  // turns of pump() that were asked for
  std::mutex pumping_;
  std::string frame_;  // guarded by pumping_
  std::atomic<bool> stopped_{false};

  std::thread ticker_;
  std::mutex tick_mutex_;
  std::condition_variable tick_changed_;
  std::atomic<std::chrono::steady_clock::rep> tick_planned_{0};
};

}  // namespace ackwire::api
