#include "transport/zmq_link.hpp"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <zmq.hpp>

#include "ackwire/limits.hpp"
#include "transport/diagnosis.hpp"
#include "transport/endpoint.hpp"
#include "transport/waker.hpp"
#include "transport/zmq_library.hpp"

namespace ackwire::transport {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t routing_id_bytes = 16;
/// Frames from here on are handed to ZeroMQ as they are; smaller ones are copied, so that their buffer can be used again.
constexpr std::size_t handover_bytes = 8 * 1024;
/// Frames taken in a row before the user may send again.
constexpr int receive_burst = 64;
constexpr int send_burst = 64;
/// And of what had arrived when the connection was lost.
constexpr int last_bursts = 16;
/// A connection that has not shaken hands by then is given up.
constexpr milliseconds connect_deadline{handshake_ms + 1'000};
/// A peer that has said nothing by then is asked what it is.
constexpr milliseconds first_word{1'000};
constexpr milliseconds backoff_min{10};
constexpr int reconnect_never_ms = 3'600'000;
constexpr milliseconds longest_sleep{1'000};

constexpr int connection_events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED |
                                  ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                  ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

void free_string(void*, void* string) { delete static_cast<std::string*>(string); }

/// A message with the bytes of `frame`, without a copy when it is large.
zmq::message_t message_of(std::string& frame) {
  if (frame.size() < handover_bytes) return zmq::message_t(frame.data(), frame.size());
  auto* owned = new std::string(std::move(frame));
  frame.clear();
  return zmq::message_t(owned->data(), owned->size(), free_string, owned);
}

milliseconds left_until(Clock::time_point time) {
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(time - Clock::now()));
}

/// One attempt to talk to the broker: a socket and its monitor.
class Connection {
 public:
  /// Errors: io.
  Status open(zmq::context_t& context, const std::string& address);
  /// Reads the monitor when it was signalled. The reason when the connection is over, or could not be made.
  std::optional<std::string> look();
  void signalled() { look_ = true; }
  bool established() const { return established_; }
  zmq::socket_t& socket() { return dealer_; }
  pollfd signal_of_monitor() { return signal_of(monitor_); }
  void close(milliseconds linger);

 private:
  zmq::socket_t dealer_, monitor_;
  bool established_ = false;
  bool look_ = true;
};

Status Connection::open(zmq::context_t& context, const std::string& address) {
  char id[routing_id_bytes];
  if (getrandom(id, sizeof id, 0) != static_cast<ssize_t>(sizeof id)) return Error{Errc::io, "The system gives no random numbers."};
  if (id[0] == 0) id[0] = 1;  // a first byte of 0 is for the numbers that the broker's side gives
  try {
    dealer_ = zmq::socket_t(context, zmq::socket_type::dealer);
    dealer_.set(zmq::sockopt::routing_id, zmq::const_buffer(id, sizeof id));
    // The link makes a new socket with a new address after each loss. ZeroMQ itself must neither connect again nor give the
    // connection up: either would throw away what had arrived, a goodbye for example. Frames are only sent after the handshake.
    dealer_.set(zmq::sockopt::immediate, false);
    dealer_.set(zmq::sockopt::reconnect_ivl, reconnect_never_ms);
    dealer_.set(zmq::sockopt::linger, 0);
    dealer_.set(zmq::sockopt::sndhwm, send_frames);
    dealer_.set(zmq::sockopt::rcvhwm, receive_frames);
    dealer_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(limits::frame_bytes));
    dealer_.set(zmq::sockopt::handshake_ivl, handshake_ms);
    // No heart-beats of ZeroMQ: with libzmq 4.3.4 and 4.3.5 one that is due after the peer went while frames of it still wait
    // aborts the process (stream_engine_base.cpp: !_io_error). The session's own PINGs find a silent broker.
    dealer_.set(zmq::sockopt::heartbeat_ivl, 0);
    dealer_.set(zmq::sockopt::ipv6, is_ipv6(address));
    const char* const inproc = "inproc://connection";
    if (zmq_socket_monitor(dealer_.handle(), inproc, connection_events) != 0) return zmq_failure("Cannot watch the connection");
    monitor_ = zmq::socket_t(context, zmq::socket_type::pair);
    monitor_.set(zmq::sockopt::linger, 0);
    monitor_.connect(inproc);
    dealer_.connect(address);
  } catch (const zmq::error_t&) {
    return zmq_failure("Cannot connect to " + address);
  }
  return {};
}

std::optional<std::string> Connection::look() {
  std::optional<std::string> over;
  if (!look_) return over;
  look_ = false;
  zmq::message_t event, endpoint;
  while (zmq_msg_recv(event.handle(), monitor_.handle(), ZMQ_DONTWAIT) >= 0) {
    const std::uint16_t number = event.size() >= 2 ? *event.data<std::uint16_t>() : 0;
    if (event.more() && zmq_msg_recv(endpoint.handle(), monitor_.handle(), ZMQ_DONTWAIT) < 0) break;
    switch (number) {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: established_ = true; break;
      case ZMQ_EVENT_DISCONNECTED: over = established_ ? "the connection was lost" : "the broker closed the connection"; break;
      case ZMQ_EVENT_CLOSED: over = "the broker cannot be reached"; break;
      case 0: break;
      default: over = "the peer does not speak ZeroMQ as this client does"; break;
    }
  }
  return over;
}

void Connection::close(milliseconds linger) {
  if (dealer_.handle() == nullptr) return;
  zmq_socket_monitor(dealer_.handle(), nullptr, 0);
  const int ms = static_cast<int>(linger.count());
  zmq_setsockopt(dealer_.handle(), ZMQ_LINGER, &ms, sizeof ms);
  dealer_.close();
  monitor_.close();
}

class ZmqLink final : public client::Link {
 public:
  explicit ZmqLink(Endpoint endpoint) : endpoint_(std::move(endpoint)), context_(1) {}
  ~ZmqLink() override { stop(milliseconds{0}); }

  Status start(client::LinkUser& user) override;
  void wake() override { waker_.wake(); }
  void stop(milliseconds linger) override;

 private:
  void run();
  std::string serve(Connection& connection);
  bool send_frames_of(Connection& connection);
  bool receive_frames(Connection& connection);
  void sleep(Connection* connection, milliseconds most);
  void wait_backoff();
  void finish(Connection& connection);
  milliseconds tick() { return std::clamp(user_->tick(Clock::now()), milliseconds{0}, longest_sleep); }

  const Endpoint endpoint_;
  zmq::context_t context_;
  Waker waker_;
  client::LinkUser* user_ = nullptr;
  std::thread thread_;
  std::mutex life_;  // start() and stop()
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> linger_ms_{0};
  // Of the thread:
  std::string frame_;
  zmq::message_t unsent_;  // a frame that ZeroMQ had no room for
  bool has_unsent_ = false;
  bool heard_ = false;    // a frame came on this connection
  bool foreign_ = false;  // the last peer was a ZeroMQ socket of another kind
};

Status ZmqLink::start(client::LinkUser& user) {
  const std::lock_guard lock(life_);
  if (thread_.joinable() || stopping_) return Error{Errc::closed, "The link was started before."};
  if (!waker_.open())
    return Error{Errc::io, "The system gives no event descriptor; nothing was sent. Raise the limit of open files."};
  if (Status room = check_zmq_room(); !room) return room;
  try {
    const zmq::socket_t first(context_, zmq::socket_type::dealer);  // starts ZeroMQ's threads, while there is room
    user_ = &user;
    thread_ = std::thread([this] { run(); });
  } catch (const zmq::error_t&) {
    return zmq_failure("Cannot start ZeroMQ");
  } catch (const std::system_error& error) {
    return Error{Errc::io, "Cannot start a thread: " + std::string(error.what()) + ". Raise the limit of processes (ulimit -u)."};
  }
  pthread_setname_np(thread_.native_handle(), "ackwire-link");
  return {};
}

void ZmqLink::stop(milliseconds linger) {
  const std::lock_guard lock(life_);
  linger_ms_ = std::max<std::int64_t>(0, linger.count());
  stopping_ = true;
  waker_.wake();
  if (thread_.joinable()) thread_.join();
}

void ZmqLink::run() {
  while (!stopping_) {
    Connection connection;
    std::string reason;
    if (Status status = connection.open(context_, endpoint_.address); status) {
      reason = serve(connection);
    } else {
      reason = status.error().message;
    }
    if (stopping_) return finish(connection);
    const bool never = !connection.established();
    connection.close(milliseconds{0});
    if (never) reason = diagnose(endpoint_, waker_.fd());
    has_unsent_ = false;
    user_->disconnected(reason);
    wait_backoff();
  }
}

/// Runs one connection until it is over; says why.
std::string ZmqLink::serve(Connection& connection) {
  const auto deadline = Clock::now() + connect_deadline;
  bool told = false;
  auto ask_kind = Clock::time_point::max();
  heard_ = false;
  while (!stopping_) {
    waker_.begin_work();
    if (auto over = connection.look()) {
      for (int i = 0; told && i < last_bursts && receive_frames(connection); ++i) {
      }
      return *over;
    }
    if (connection.established() && !told) {
      if (foreign_) {  // it was, the last time: it is not told as a connection before it is known to be something else now
        if (std::string foreign = foreign_kind(endpoint_, waker_.fd()); !foreign.empty()) return foreign;
        foreign_ = false;
      }
      told = true;
      ask_kind = Clock::now() + first_word;
      user_->connected();
    }
    if (!heard_ && Clock::now() >= ask_kind) {
      if (std::string foreign = foreign_kind(endpoint_, waker_.fd()); !foreign.empty()) {
        foreign_ = true;
        return foreign;
      }
      ask_kind = Clock::time_point::max();
    }
    milliseconds next = tick();
    if (!heard_ && ask_kind != Clock::time_point::max()) next = std::min(next, left_until(ask_kind));
    if (user_->wants_reconnect()) return "the broker does not answer";
    if (!told && Clock::now() >= deadline) return "the broker does not answer";
    bool busy = false;
    if (told) {
      busy = send_frames_of(connection);
      busy = receive_frames(connection) || busy;
    } else {
      next = std::min(next, left_until(deadline));
    }
    if (!busy && waker_.may_sleep()) sleep(&connection, next);
  }
  return "the link is stopped";
}

/// True when the user may have more.
bool ZmqLink::send_frames_of(Connection& connection) {
  for (int i = 0; i < send_burst; ++i) {
    if (!has_unsent_) {
      if (!user_->next_frame(frame_)) return false;
      unsent_ = message_of(frame_);
      has_unsent_ = true;
    }
    if (zmq_msg_send(unsent_.handle(), connection.socket().handle(), ZMQ_DONTWAIT) < 0) return false;
    has_unsent_ = false;
  }
  return true;
}

/// True when something came: there may be more, and the user may want to answer.
bool ZmqLink::receive_frames(Connection& connection) {
  for (int i = 0; i < receive_burst; ++i) {
    auto message = std::make_shared<zmq::message_t>();
    if (zmq_msg_recv(message->handle(), connection.socket().handle(), ZMQ_DONTWAIT) < 0) return i > 0;
    const std::string_view bytes(static_cast<const char*>(message->data()), message->size());
    heard_ = true;
    user_->received(bytes, std::move(message));
  }
  return true;
}

/// Requires waker_.may_sleep().
void ZmqLink::sleep(Connection* connection, milliseconds most) {
  pollfd fds[] = {{waker_.fd(), POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
  if (connection != nullptr) {
    const int wanted = ZMQ_POLLIN | (has_unsent_ ? ZMQ_POLLOUT : 0);
    if ((socket_events(connection->socket()) & wanted) != 0 && connection->established()) most = milliseconds{0};
    fds[1] = signal_of(connection->socket());
    fds[2] = connection->signal_of_monitor();
  }
  poll_all(fds, most);
  waker_.slept(fds[0].revents != 0);
  if (connection != nullptr && fds[2].revents != 0) connection->signalled();
}

void ZmqLink::wait_backoff() {
  const auto until = Clock::now() + std::max(backoff_min, user_->backoff());
  while (!stopping_ && Clock::now() < until) {
    waker_.begin_work();
    const milliseconds next = tick();
    if (waker_.may_sleep()) sleep(nullptr, std::min(next, left_until(until)));
  }
}

/// Sends what is left, as long as stop() allows.
void ZmqLink::finish(Connection& connection) {
  const auto deadline = Clock::now() + milliseconds{linger_ms_.load()};
  if (connection.socket().handle() != nullptr && connection.established()) {
    while (!connection.look()) {
      const bool more = send_frames_of(connection);
      if (!more && !has_unsent_) break;
      if (Clock::now() >= deadline) break;
      if (has_unsent_) sleep(&connection, std::min(left_until(deadline), milliseconds{10}));
    }
  }
  connection.close(left_until(deadline));
}

}  // namespace

Result<std::unique_ptr<client::Link>> make_zmq_link(std::string_view endpoint) {
  if (Status status = check_zmq_version(); !status) return status.error();
  auto parsed = endpoint_to_connect(endpoint);
  if (!parsed) return parsed.error();
  try {
    return std::unique_ptr<client::Link>(std::make_unique<ZmqLink>(*std::move(parsed)));
  } catch (const zmq::error_t&) {
    return zmq_failure("Cannot start ZeroMQ");
  }
}

}  // namespace ackwire::transport
