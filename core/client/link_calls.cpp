// What the link tells, and what it is given to send.
#include <algorithm>

#include "client/connection_core.hpp"
#include "client/refusals.hpp"
#include "wire/consume.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire {

using client::Clock;

namespace {

constexpr std::chrono::milliseconds tick_max{60'000};

Error connection_lost() { return client::lost_error("a call"); }

}  // namespace

void ConnectionCore::connected() {
  Lock lock(gate_->mutex);
  if (end_) return;
  const Clock::time_point now = Clock::now();
  lose_session(connection_lost(), "The connection was made anew.", Why::anew);
  session_.connected(now);
  gate_->reach.greeting(now);
  schedule(now);
  tell_changes(lock);
}

void ConnectionCore::disconnected(std::string_view reason) {
  Lock lock(gate_->mutex);
  if (end_) return;
  lose_session(connection_lost(), reason, Why::seen);
  tell_changes(lock);
}

void ConnectionCore::failed(const Error& error) {
  Lock lock(gate_->mutex);
  if (end_) return;
  end_locked(client::failed_under_way(error), error, ConnectionState::disconnected);
  tell_changes(lock);
}

void ConnectionCore::received(std::string_view frame, std::shared_ptr<const void> owner) {
  Lock lock(gate_->mutex);
  if (end_) return;
  const Clock::time_point now = Clock::now();
  session_.heard(now);
  if (!dispatch(frame, owner, now)) {
    session_.give_up();
    lose_session(connection_lost(), "The broker sent a frame that could not be understood.", Why::told);
    schedule(now);
  }
  if (closing_) gate_->published.notify_all();
  tell_changes(lock);
}

bool ConnectionCore::dispatch(std::string_view bytes, const std::shared_ptr<const void>& owner, Clock::time_point now) {
  wire::Frame frame;
  if (!wire::split_frame(bytes, frame)) return false;
  using wire::Operation;
  if (!session_.ready() && frame.operation != Operation::welcome && frame.operation != Operation::error &&
      frame.operation != Operation::goodbye) {
    return true;  // the last words of a session that is gone
  }
  switch (frame.operation) {
    case Operation::welcome: return welcome(frame.payload, now);
    case Operation::confirm: return confirm(frame.payload);
    case Operation::subscribed: {
      const auto answer = wire::decode_subscribed(frame.payload);
      if (!answer) return false;
      subscriptions_.subscribed(*answer, now);
      schedule(now);
      return true;
    }
    case Operation::deliver: return deliver(frame.payload, owner, now);
    case Operation::settled: return settled(frame.request, frame.payload);
    case Operation::recall: {
      const auto recall = wire::decode_recall(frame.payload);
      if (recall) subscriptions_.recalled(*recall);
      return recall.ok();
    }
    case Operation::subscription_ended: {
      const auto ended = wire::decode_subscription_ended(frame.payload);
      if (ended) subscriptions_.ended(*ended);
      return ended.ok();
    }
    case Operation::reply:
      requests_.replied(frame.request, frame.payload, owner);
      answers_.notify_all();
      return true;
    case Operation::pong: return pong(frame.request, frame.payload);
    case Operation::error: return refused(frame.request, frame.payload, now);
    case Operation::goodbye: return goodbye(frame.payload, now);
    default: return false;  // a client's operation
  }
}

bool ConnectionCore::welcome(std::string_view payload, Clock::time_point now) {
  const auto welcome = wire::decode_welcome(payload);
  if (!welcome) return false;
  if (session_.ready()) return true;
  if (session_.other_life(*welcome)) {
    end_life("The broker has another store than before, or an older copy of it: its boot epoch is " +
             std::to_string(welcome->boot_epoch) + ", the last one was " + std::to_string(session_.boot_epoch()) + ".");
  }
  const Duration stamped_wrong = session_.welcomed(*welcome, now);
  if (stamped_wrong != Duration{0}) publisher_.shift_times(stamped_wrong);
  gate_->reach.welcomed();
  requests_.ready();
  subscriptions_.ready(welcome->boot_epoch, session_.capabilities().has(wire::Capability::begun), now);
  change_state(ConnectionState::connected, "connected");
  answers_.notify_all();
  schedule(now);
  return true;
}

// What was sent to a store that is not there any more has no answer to wait for, and must not be stored in the other one unasked.
void ConnectionCore::end_life(const std::string& cause) {
  session_.forget_life(false);
  static_cast<void>(publisher_.give_up_sent(client::other_life_error(cause)));
  gate_->published.notify_all();
}

bool ConnectionCore::confirm(std::string_view payload) {
  const auto confirm = wire::decode_confirm(payload);
  if (!confirm) return false;
  const bool fits = publisher_.confirm(confirm->queue, confirm->producer_sequence, confirm->entries);
  gate_->published.notify_all();
  return fits;
}

bool ConnectionCore::deliver(std::string_view payload, const std::shared_ptr<const void>& owner, Clock::time_point now) {
  const auto deliver = wire::decode_deliver(payload);
  return deliver && subscriptions_.deliver(deliver->subscription, deliver->runs, owner, now);
}

bool ConnectionCore::settled(std::uint32_t request, std::string_view payload) {
  const auto answer = wire::decode_settled(payload);
  if (!answer) return false;
  subscriptions_.settled(request, *answer);
  return true;
}

bool ConnectionCore::pong(std::uint32_t request, std::string_view payload) {
  const auto broker_now = wire::decode_pong(payload);
  if (!broker_now) return false;
  session_.ponged(request, *broker_now);
  subscriptions_.ponged(session_.pongs());
  return true;
}

bool ConnectionCore::refused(std::uint32_t request, std::string_view payload, Clock::time_point now) {
  Error error;
  if (!wire::decode_error(payload, error)) return false;
  if (error.code == Errc::unsupported_version) {
    end_locked(error, error, ConnectionState::disconnected);
    return true;
  }
  if (error.code == Errc::no_session) {
    // The broker was restarted or forgot us. What it says to a hello that is under way is of the frames before it.
    if (!session_.ready()) return true;
    lose_session(connection_lost(), error.message, Why::anew);
    session_.connected(now);
    gate_->reach.greeting(now);
    return true;
  }
  if (!session_.ready() && session_.named_capabilities() && error.code == Errc::invalid_argument) {
    session_.forget_capabilities();  // a broker that does not know of them
    session_.connected(now);
    return true;
  }
  if (!session_.ready() && session_.named_life() && (error.code == Errc::store_rollback || error.code == Errc::invalid_argument)) {
    // Invalid: a broker that does not know of lives. It is greeted as if for the first time.
    if (error.code == Errc::store_rollback) end_life(error.message);
    session_.forget_life(error.code == Errc::invalid_argument);
    session_.connected(now);
    return true;
  }
  if (!session_.ready() && options_.embedded && error.code == Errc::failed) {
    end_locked(client::failed_under_way(error), error, ConnectionState::disconnected);
    return true;
  }
  if (!session_.ready()) {
    session_.give_up();
    lose_session(connection_lost(), error.message, Why::told);
    return true;
  }
  publisher_.refuse(request, error);
  subscriptions_.refused(request, error, now);
  requests_.refused(request, error);
  answers_.notify_all();
  gate_->published.notify_all();
  return true;
}

bool ConnectionCore::goodbye(std::string_view payload, Clock::time_point now) {
  Error reason;
  if (!wire::decode_goodbye(payload, reason)) return false;
  session_.give_up();
  lose_session(connection_lost(), reason.message.empty() ? "The broker said goodbye." : reason.message, Why::told);
  // There is no other connection to make inside one process: the answer to a new hello says whether it goes on.
  if (options_.embedded) session_.connected(now);
  return true;
}

bool ConnectionCore::next_frame(std::string& frame) {
  const Lock lock(gate_->mutex);
  const Clock::time_point now = Clock::now();
  if (session_.next_hello(frame, now)) return true;
  if (session_.ready()) {
    if (subscriptions_.next_frame(frame) || requests_.next_frame(frame) || publisher_.next_frame(frame)) {
      session_.said(now);
      return true;
    }
    if (session_.next_ping(frame, now)) return true;
    if (std::exchange(goodbye_due_, false)) {
      frame.clear();
      // ok says that no answer is missing, so that the broker need not keep any.
      wire::encode_goodbye(frame, publisher_.unconfirmed() == 0 ? Errc::ok : Errc::closed, "");
      return true;
    }
  }
  wake_pending_ = false;
  return false;
}

std::chrono::milliseconds ConnectionCore::tick(Clock::time_point now) {
  Lock lock(gate_->mutex);
  Clock::time_point due = Clock::time_point::max();
  if (!end_) due = std::min(session_.tick(now), subscriptions_.tick(now));
  tick_due_.store(due.time_since_epoch().count());
  tell_changes(lock);
  if (due == Clock::time_point::max()) return tick_max;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now);
  return std::clamp(left, std::chrono::milliseconds{1}, tick_max);
}

Clock::time_point ConnectionCore::tick_due() const { return Clock::time_point{Clock::duration{tick_due_.load()}}; }

bool ConnectionCore::wants_reconnect() {
  Lock lock(gate_->mutex);
  if (!session_.take_reconnect() || end_) return false;
  lose_session(connection_lost(), "The broker did not answer.", Why::anew);  // the link tells the reason next
  tell_changes(lock);
  return true;
}

std::chrono::milliseconds ConnectionCore::backoff() {
  const Lock lock(gate_->mutex);
  return session_.backoff();
}

}  // namespace ackwire
