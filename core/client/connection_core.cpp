#include "client/connection_core.hpp"

#include <algorithm>

#include "client/refusals.hpp"
#include "wire/json.hpp"

namespace ackwire {

using client::Clock;

namespace {

constexpr Duration linger_min{100};  // for the last frames, even when the caller's patience is over
constexpr Duration linger_max{1'000};

Error unconfirmed_error(std::uint64_t messages) {
  return {
      Errc::indeterminate,
      "The connection was closed while " + std::to_string(messages) +
          " published messages had no answer yet; each of them may or may not be stored. Everything that was confirmed is safe. "
          "Publish them again, with idempotency keys if a repeat would matter, and flush() before close()."};
}

}  // namespace

ConnectionCore::ConnectionCore(client::CoreOptions options)
    : options_(std::move(options)),
      gate_(std::make_shared<client::Gate>(options_.endpoint)),
      session_(options_),
      publisher_(gate_, options_),
      tick_due_(Clock::time_point::max().time_since_epoch().count()) {}

ConnectionCore::~ConnectionCore() {
  if (gate_->forked()) {
    // The link's thread is in the parent and cannot be joined here.
    static_cast<void>(link_.release());
    return;
  }
  if (linked_) static_cast<void>(close(Duration{0}));
}

Status ConnectionCore::start(std::unique_ptr<client::Link> link) {
  link_ = std::move(link);
  linked_ = true;
  return link_->start(*this);
}

Status ConnectionCore::usable() const {
  if (gate_->forked()) return client::forked_error();
  if (client::inside_callback()) return client::reentrant_error();
  return {};
}

Status ConnectionCore::open_locked() const {
  if (end_) return *end_;
  if (closing_) return client::closed_error();
  return {};
}

bool ConnectionCore::can_send() const {
  if (goodbye_due_) return true;
  return session_.ready() && (requests_.can_send() || subscriptions_.can_send() || publisher_.can_send());
}

void ConnectionCore::wake(Lock& lock) {
  bool needed = !wake_pending_ && can_send();
  if (needed) wake_pending_ = true;
  if (const Clock::time_point tick = subscriptions_.tick_wanted(); tick < tick_due()) {
    schedule(tick);
    needed = true;
  }
  lock.unlock();
  if (needed && linked_.load(std::memory_order_acquire)) link_->wake();
}

void ConnectionCore::schedule(Clock::time_point due) {
  Clock::rep now_due = tick_due_.load();
  const Clock::rep wanted = due.time_since_epoch().count();
  while (wanted < now_due && !tick_due_.compare_exchange_weak(now_due, wanted)) {
  }
}

Result<model::Reply> ConnectionCore::request(const model::Request& what, Clock::time_point deadline) {
  if (Status status = usable(); !status) return status.error();
  const std::uint32_t id = next_request_.fetch_add(1, std::memory_order_relaxed) & 0x3fff'ffff;
  client::RequestWait wait;
  wait.repeatable = model::verb_of(what).repeat == model::Repeat::safe;
  if (Status status = wire::encode(wait.frame, id, what); !status) return status.error();
  const Clock::time_point start = Clock::now();
  Lock lock(gate_->mutex);
  if (Status status = open_locked(); !status) return status.error();
  requests_.add(id, wait);
  wake(lock);
  lock.lock();
  const bool done = answers_.wait_until(lock, deadline, [&] { return wait.done; });
  requests_.forget(id);
  const std::string trouble = done ? std::string() : gate_->reach.describe(Clock::now());
  lock.unlock();
  if (!done) {
    const auto waited = std::chrono::duration_cast<Duration>(Clock::now() - start);
    return client::timeout_error("A request", waited, trouble,
                                 "It may or may not have been carried out; look at the present state first.");
  }
  if (wait.error) return *std::move(wait.error);
  Result<model::Reply> reply = wire::reply_from_json(wait.payload);
  if (!reply) return reply;
  if (Error* error = std::get_if<Error>(&*reply)) return std::move(*error);
  return reply;
}

void ConnectionCore::on_state_change(std::function<void(ConnectionState, std::string_view)> callback) {
  if (gate_->forked()) return;
  Lock lock(gate_->mutex);
  callback_ = std::move(callback);
  // The one before must not be running any more when this returns, unless this is called from inside it.
  if (client::inside_callback()) return;
  answers_.wait_until(lock, client::deadline_after(options_.call_timeout), [&] { return !telling_; });
}

void ConnectionCore::change_state(ConnectionState state, std::string_view reason) {
  if (state_.exchange(state, std::memory_order_acq_rel) == state) return;
  if (callback_) changes_.emplace_back(state, std::string(reason));
  answers_.notify_all();
}

std::string ConnectionCore::unreachable() const {
  if (gate_->forked()) return {};
  const std::lock_guard lock(gate_->mutex);
  return gate_->reach.describe(Clock::now());
}

void ConnectionCore::tell_changes(Lock& lock) {
  if (telling_) return;
  telling_ = true;
  while (!changes_.empty()) {
    const auto [state, reason] = std::move(changes_.front());
    changes_.pop_front();
    const auto callback = callback_;
    lock.unlock();
    if (callback) {
      const client::CallbackScope scope;
      callback(state, reason);
    }
    lock.lock();
  }
  telling_ = false;
  answers_.notify_all();
}

Status ConnectionCore::wait_connected(Duration wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  const bool decided =
      answers_.wait_until(lock, client::deadline_after(wait), [&] { return end_ || closing_ || session_.ready(); });
  if (Status status = open_locked(); !status) return status;
  if (decided) return {};
  return client::timeout_error("The broker", wait, gate_->reach.describe(Clock::now()),
                               "The library keeps trying to connect; is the broker running at this endpoint?");
}

Status ConnectionCore::close(Duration wait) {
  if (Status status = usable(); !status) return status;
  const Clock::time_point deadline = client::deadline_after(wait);
  Lock lock(gate_->mutex);
  if (closing_) {
    answers_.wait_until(lock, deadline + linger_max, [&] { return state() == ConnectionState::closed; });
    return {};
  }
  closing_ = true;
  gate_->published.notify_all();
  subscriptions_.end_all(session_.ask_pong());
  wake(lock);
  lock.lock();
  gate_->published.wait_until(lock, deadline, [&] { return end_ || (publisher_.unconfirmed() == 0 && subscriptions_.idle()); });
  goodbye_due_ = session_.ready();
  wake(lock);
  const auto left = std::chrono::duration_cast<Duration>(deadline - Clock::now());
  if (linked_.load(std::memory_order_acquire)) link_->stop(std::clamp(left, linger_min, linger_max));
  lock.lock();
  const std::uint64_t unconfirmed = publisher_.unconfirmed();
  end_locked(unconfirmed > 0 ? unconfirmed_error(unconfirmed) : client::closed_error(), client::closed_error(),
             ConnectionState::closed);
  tell_changes(lock);
  if (unconfirmed > 0) return unconfirmed_error(unconfirmed);
  return {};
}

void ConnectionCore::lose_session(const Error& error, std::string_view reason, Why why) {
  wake_pending_ = false;
  const bool news = why != Why::anew && gate_->reach.lost(reason, Clock::now(), why == Why::told);
  if (session_.lost()) {
    publisher_.session_lost();
    requests_.session_lost();
    subscriptions_.session_lost(error);
  }
  if (state() == ConnectionState::connected) {
    change_state(ConnectionState::disconnected, reason);
  } else if (news && callback_) {
    changes_.emplace_back(state(), std::string(reason));  // it still cannot connect, for another reason
  }
  answers_.notify_all();
  gate_->published.notify_all();
}

void ConnectionCore::end_locked(const Error& under_way, const Error& after, ConnectionState state) {
  end_ = after;
  session_.lost();
  static_cast<void>(publisher_.abandon(under_way));
  requests_.abandon(under_way);
  subscriptions_.abandon(after);
  change_state(state, after.message);
  answers_.notify_all();
  gate_->published.notify_all();
}

}  // namespace ackwire
