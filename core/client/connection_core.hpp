// What is behind a Connection, remote or embedded: one state under one lock, driven by a link from below and by the application's
// threads from above. It has no thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/connection.hpp"
#include "ackwire/waiting.hpp"
#include "backend/backend.hpp"
#include "client/core_options.hpp"
#include "client/gate.hpp"
#include "client/link.hpp"
#include "client/publisher.hpp"
#include "client/requests.hpp"
#include "client/session.hpp"
#include "client/subscriptions.hpp"
#include "model/request.hpp"

namespace ackwire {

/// Thread-safe. Application threads call the verbs, which are the Backend part; the link calls the LinkUser part.
class ConnectionCore final : public backend::Backend, public client::LinkUser, public std::enable_shared_from_this<ConnectionCore> {
 public:
  explicit ConnectionCore(client::CoreOptions options);
  ~ConnectionCore() override;
  ConnectionCore(const ConnectionCore&) = delete;
  ConnectionCore& operator=(const ConnectionCore&) = delete;

  /// Takes the link and starts it.
  Status start(std::unique_ptr<client::Link> link);

  // -- publish (publish_calls.cpp) -------------------------------------------------------------------------------------
  Result<backend::Publishing> publish(std::string_view queue, std::span<const Message> messages, backend::Refusal refusal,
                                      const Wait& room) override;
  void on_room(std::function<void()> callback) override;
  Status flush(const Wait& wait) override;

  // -- requests --------------------------------------------------------------------------------------------------------
  Result<model::Reply> request(const model::Request& what, const Wait& wait) override;
  Duration call_timeout() const override { return options_.call_timeout; }

  // -- consume (consume_calls.cpp) -------------------------------------------------------------------------------------
  using Subscribed = std::shared_ptr<client::Subscription>;
  Result<std::shared_ptr<backend::Subscription>> subscribe(std::string_view queue, const ConsumerOptions& options,
                                                           const Wait& wait) override;
  /// The same, as this side knows it. What follows are the calls of a client::Subscriber.
  Result<Subscribed> join(std::string_view queue, const ConsumerOptions& options, const Wait& wait);
  Result<std::vector<Delivery>> receive(const Subscribed& of, std::size_t max, const Wait& wait);
  Result<Settled> settle(const Subscribed& of, std::span<const Delivery> deliveries, const Settlement& how, const Wait& wait);
  void ack_async(const Subscribed& of, std::span<const Delivery> deliveries);
  Status flush_acks(const Subscribed& of, const Wait& wait);
  std::uint64_t stale_acks(const Subscribed& of) const;
  std::uint64_t damaged_records(const Subscribed& of) const;
  Status set_credit(const Subscribed& of, std::uint32_t credit);
  Status give_back(const Subscribed& of);
  void interrupt(const Subscribed& of);
  /// `wait`: until what was not handed out has been sent back.
  void unsubscribe(const Subscribed& of, const Wait& wait);

  /// A condition that a thread of the parent waits on never ends in the child.
  bool forked() const noexcept override { return gate_->forked(); }

  // -- life ------------------------------------------------------------------------------------------------------------
  std::string unreachable() const override;
  ConnectionState state() const override { return state_.load(std::memory_order_acquire); }
  void on_state_change(std::function<void(ConnectionState, std::string_view)> callback) override;
  Status wait_connected(const Wait& wait) override;
  Status close(const Wait& wait) override;

  // -- LinkUser (link_calls.cpp) ---------------------------------------------------------------------------------------
  void connected() override;
  void disconnected(std::string_view reason) override;
  void failed(const Error& error) override;
  void received(std::string_view frame, std::shared_ptr<const void> owner) override;
  bool next_frame(std::string& frame) override;
  std::chrono::milliseconds tick(std::chrono::steady_clock::time_point now) override;
  std::chrono::steady_clock::time_point tick_due() const override;
  bool wants_reconnect() override;
  std::chrono::milliseconds backoff() override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  /// Ok when the verbs may be used on this thread, in this process.
  Status usable() const;
  /// The same, and why the connection ended, if it did. Gate held.
  Status open_locked() const;
  /// Unlocks, and wakes the link when there is something to send that it does not know of.
  void wake(Lock& lock);
  bool can_send() const;
  enum class Why : std::uint8_t { anew, seen, told };  // a new connection; the link saw it end; the broker said so
  void lose_session(const Error& error, std::string_view reason, Why why);
  /// Nothing can succeed any more: `under_way` ends what is under way, `after` refuses what comes later.
  void end_locked(const Error& under_way, const Error& after, ConnectionState state);
  void change_state(ConnectionState state, std::string_view reason);
  /// Calls the application back for every change so far, in order, and for room that was waited for, with the lock released.
  void tell_changes(Lock& lock);
  /// `call` with the lock released, on a thread that is marked as being inside a callback.
  template <class Call>
  static void call_back(Lock& lock, Call&& call);
  /// Until a callback that was exchanged is not running any more, unless this is called from inside it.
  void wait_until_told(Lock& lock);
  void schedule(client::Clock::time_point due);

  // frames, gate held; false: the peer cannot be understood
  bool dispatch(std::string_view bytes, const std::shared_ptr<const void>& owner, client::Clock::time_point now);
  bool welcome(std::string_view payload, client::Clock::time_point now);
  /// Another store, or another life of it: what was sent and has no answer ends as indeterminate.
  void end_life(const std::string& cause);
  bool confirm(std::string_view payload);
  bool deliver(std::string_view payload, const std::shared_ptr<const void>& owner, client::Clock::time_point now);
  bool settled(std::uint32_t request, std::string_view payload);
  bool pong(std::uint32_t request, std::string_view payload);
  bool refused(std::uint32_t request, std::string_view payload, client::Clock::time_point now);
  bool goodbye(std::string_view payload, client::Clock::time_point now);
  /// Makes deliveries of what was taken. False when every record was damaged. Gate not held.
  bool hand_out(const Subscribed& of, std::vector<client::ReceivedRun>& runs, std::vector<Delivery>& deliveries);
  void nack_damaged(const Subscribed& of, client::RangeList& damaged, std::uint64_t boot_epoch);

  const client::CoreOptions options_;
  const std::shared_ptr<client::Gate> gate_;
  std::unique_ptr<client::Link> link_;  // constant between start() and destruction
  std::atomic<bool> linked_{false};

  client::Session session_;
  client::Publisher publisher_;
  client::Requests requests_;
  client::Subscriptions subscriptions_;
  std::condition_variable answers_;  // requests, and changes of state
  std::atomic<std::uint32_t> next_request_{1};
  std::atomic<client::Clock::rep> tick_due_;
  std::atomic<ConnectionState> state_{ConnectionState::connecting};
  bool wake_pending_ = false;  // the link was woken and has not run dry since
  bool goodbye_due_ = false;
  bool closing_ = false;
  std::optional<Error> end_;  // why no call can succeed any more

  std::function<void(ConnectionState, std::string_view)> callback_;
  std::function<void()> room_callback_;
  std::deque<std::pair<ConnectionState, std::string>> changes_;
  bool telling_ = false;
};

}  // namespace ackwire
