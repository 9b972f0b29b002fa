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
  if (linked_) static_cast<void>(close(Wait{Duration{0}}));
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

Result<model::Reply> ConnectionCore::request(const model::Request& what, const Wait& wait) {
  if (Status status = usable(); !status) return status.error();
  const std::uint32_t id = next_request_.fetch_add(1, std::memory_order_relaxed) & 0x3fff'ffff;
  client::RequestWait call;
  call.repeatable = model::verb_of(what).repeat == model::Repeat::safe;
  if (Status status = wire::encode(call.frame, id, what); !status) return status.error();
  Lock lock(gate_->mutex);
  if (Status status = open_locked(); !status) return status.error();
  requests_.add(id, call);
  wake(lock);
  lock.lock();
  const bool done = wait.on(answers_, lock, [&] { return call.done; });
  requests_.forget(id);
  const std::string trouble = done ? std::string() : gate_->reach.describe(Clock::now());
  lock.unlock();
  if (!done) {
    return client::timeout_error("A request", wait.passed(), trouble,
                                 "It may or may not have been carried out; look at the present state first.");
  }
  if (call.error) return *std::move(call.error);
  Result<model::Reply> reply = wire::reply_from_json(call.payload);
  if (!reply) return reply;
  if (Error* error = std::get_if<Error>(&*reply)) return std::move(*error);
  return reply;
}

void ConnectionCore::on_state_change(std::function<void(ConnectionState, std::string_view)> callback) {
  if (gate_->forked()) return;
  Lock lock(gate_->mutex);
  callback_ = std::move(callback);
  wait_until_told(lock);
}

void ConnectionCore::wait_until_told(Lock& lock) {
  if (client::inside_callback()) return;
  Wait{options_.call_timeout}.on(answers_, lock, [&] { return !telling_; });
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

template <class Call>
void ConnectionCore::call_back(Lock& lock, Call&& call) {
  lock.unlock();
  {
    const client::CallbackScope scope;
    call();
  }
  lock.lock();
}

void ConnectionCore::tell_changes(Lock& lock) {
  if (telling_) return;
  telling_ = true;
  while (true) {
    if (!changes_.empty()) {
      const auto [state, reason] = std::move(changes_.front());
      changes_.pop_front();
      if (const auto callback = callback_) call_back(lock, [&] { callback(state, reason); });
    } else if (publisher_.take_room(end_ || closing_)) {
      if (const auto callback = room_callback_) call_back(lock, callback);
    } else {
      break;
    }
  }
  telling_ = false;
  answers_.notify_all();
}

Status ConnectionCore::wait_connected(const Wait& wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  const bool decided = wait.on(answers_, lock, [&] { return end_ || closing_ || session_.ready(); });
  if (Status status = open_locked(); !status) return status;
  if (decided) return {};
  return client::timeout_error("The broker", wait.passed(), gate_->reach.describe(Clock::now()),
                               "The library keeps trying to connect; is the broker running at this endpoint?");
}

Status ConnectionCore::close(const Wait& wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  if (closing_) {
    if (!wait.on(answers_, lock, [&] { return state() == ConnectionState::closed; })) {
      Wait{linger_max}.on(answers_, lock, [&] { return state() == ConnectionState::closed; });
    }
    return {};
  }
  closing_ = true;
  gate_->published.notify_all();
  subscriptions_.end_all(session_.ask_pong());
  wake(lock);
  lock.lock();
  const bool quiet =
      wait.on(gate_->published, lock, [&] { return end_ || (publisher_.unconfirmed() == 0 && subscriptions_.idle()); });
  goodbye_due_ = session_.ready();
  wake(lock);
  const auto left = std::chrono::duration_cast<Duration>(wait.deadline() - Clock::now());
  if (linked_.load(std::memory_order_acquire)) link_->stop(quiet ? std::clamp(left, linger_min, linger_max) : linger_min);
  lock.lock();
  const std::uint64_t unconfirmed = publisher_.unconfirmed();
  std::optional<Error> refusal = publisher_.take_refusal();  // before what has no answer is given one
  end_locked(unconfirmed > 0 ? unconfirmed_error(unconfirmed) : client::closed_error(), client::closed_error(),
             ConnectionState::closed);
  tell_changes(lock);
  if (refusal) {
    if (unconfirmed > 0) refusal->message += " " + unconfirmed_error(unconfirmed).message;
    return *std::move(refusal);
  }
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
