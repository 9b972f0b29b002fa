#include "api/local_link.hpp"

#include <algorithm>

namespace ackwire::api {

using SteadyClock = std::chrono::steady_clock;

LocalLink::LocalLink(std::shared_ptr<runtime::CommitLoop> loop) : loop_(std::move(loop)) {}

LocalLink::~LocalLink() { stop(std::chrono::milliseconds{0}); }

Status LocalLink::start(client::LinkUser& user) {
  user_ = &user;
  peer_ = loop_->attach(*this);
  try {
    ticker_ = std::thread([this] { run_ticks(); });
  } catch (const std::system_error& error) {
    loop_->detach(*peer_);
    peer_.reset();
    return Error{Errc::io, "Cannot start a thread: " + std::string(error.what()) + ". Raise the limit of processes (ulimit -u)."};
  }
  user.connected();
  pump();
  return {};
}

void LocalLink::wake() {
  if (stopped_.load(std::memory_order_acquire)) return;
  pump();
  watch_tick();
}

void LocalLink::pump() {
  wanted_.fetch_add(1, std::memory_order_acq_rel);
  while (wanted_.load(std::memory_order_acquire) != 0) {
    const std::unique_lock lock(pumping_, std::try_to_lock);
    if (!lock) return;
    pump_all();
  }
}

void LocalLink::pump_all() {
  std::uint32_t turns = wanted_.load(std::memory_order_acquire);
  while (turns != 0) {
    while (loop_ && user_->next_frame(frame_)) {
      // A loop that takes nothing any more says why in health(); the session ends through disconnected().
      if (!loop_->submit(*peer_, std::move(frame_))) break;
      frame_.clear();
    }
    turns = wanted_.fetch_sub(turns, std::memory_order_acq_rel) - turns;
  }
}

void LocalLink::received(std::string_view frame, std::shared_ptr<const void> owner) {
  user_->received(frame, std::move(owner));
  pump();
  watch_tick();
}

void LocalLink::disconnected(std::string_view reason) {
  if (const Status health = loop_->health(); !health) {
    user_->failed(health.error());
    return;
  }
  user_->disconnected(reason);
  user_->connected();
  pump();
}

void LocalLink::watch_tick() {
  if (user_->tick_due().time_since_epoch().count() >= tick_planned_.load()) return;
  const std::lock_guard lock(tick_mutex_);
  tick_changed_.notify_one();
}

void LocalLink::run_ticks() {
  std::unique_lock lock(tick_mutex_);
  while (!stopped_.load(std::memory_order_acquire)) {
    const SteadyClock::time_point now = SteadyClock::now();
    if (user_->tick_due() <= now) {
      lock.unlock();
      user_->tick(now);
      pump();
      lock.lock();
      continue;
    }
    // Due times are looked at under the lock that announces them, so none is missed.
    const SteadyClock::time_point due = std::min(user_->tick_due(), now + std::chrono::seconds{60});
    tick_planned_.store(due.time_since_epoch().count());
    if (user_->tick_due() < due) continue;
    tick_changed_.wait_until(lock, due);
    tick_planned_.store(0);
  }
}

void LocalLink::stop(std::chrono::milliseconds) {
  if (!user_ || stopped_.exchange(true, std::memory_order_acq_rel)) return;
  pump();
  {
    const std::lock_guard lock(tick_mutex_);
    tick_changed_.notify_one();
  }
  ticker_.join();
  loop_->detach(*peer_);
  // A thread that is still in pump() finishes its turn before the loop is let go.
  const std::lock_guard lock(pumping_);
  loop_.reset();
}

}  // namespace ackwire::api
