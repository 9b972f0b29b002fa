#include "transport/zmtp_gateway.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "transport/connection.hpp"
#include "transport/endpoint.hpp"
#include "transport/socket.hpp"

namespace ackwire::transport {
namespace {

using runtime::Inbound;
using runtime::PeerId;
using runtime::Sent;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds longest_wait{60'000};
constexpr milliseconds look_pause{500};               // between looks for peers that are late with something
constexpr milliseconds accept_pause{100};             // when there is no descriptor for another peer
constexpr milliseconds linger{1'000};                 // for what waits for peers when the broker closes
constexpr std::size_t small_frames_bytes = 4 * 1024;  // of a peer, when the round has no room for more
constexpr int accept_backlog = 256;
constexpr int accepts_at_once = 64;
constexpr std::size_t events_at_once = 256;
/// What epoll tells: 0 is the wake-up, then listeners, then peers.
constexpr std::uint64_t wake_mark = 0, first_peer = 1'024;

class ZmtpGateway final : public runtime::Gateway {
 public:
  explicit ZmtpGateway(const ZmtpGatewayOptions& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~ZmtpGateway() override;

  bool open() const { return epoll_.open(); }
  void wait(int wake_fd, microseconds timeout) override;
  void receive(std::vector<Inbound>& out, std::size_t max_frames, std::size_t max_bytes) override;
  Sent send(PeerId id, std::string_view head, std::string_view payload) override;
  void drop(PeerId id) override;
  std::vector<PeerId> take_gone() override { return std::exchange(gone_, {}); }
  const std::vector<PeerId>& slow() const override { return slow_; }
  Result<std::string> bind(std::string_view endpoint) override;

 private:
  Connection* find(PeerId id);
  bool poll(microseconds timeout, int wake_fd);
  void watch_wake(int wake_fd);
  void accept_from(Listener& listener);
  void listen_again(bool on);
  void make_place();
  void note(Connection& peer);
  void flush_all();
  void look_for_late();
  void end(Connection& peer);
  bool may_visit(const Connection& peer) const { return peer.has_more() && peer.unsent() <= options_.deaf_bytes; }
  void list(Connection& peer);
  void list_starving();

  const ZmtpGatewayOptions options_;
  Descriptor epoll_;
  std::deque<Listener> listeners_;
  std::unordered_map<PeerId, Connection> peers_;
  std::deque<PeerId> turns_;      // those with something to read, in order
  std::vector<PeerId> to_flush_;  // those with something to send
  std::vector<PeerId> slow_;
  std::vector<PeerId> gone_;
  std::vector<PeerId> starving_;  // those whose large frame waits for memory
  std::uint64_t next_peer_ = first_peer;
  std::size_t unsent_ = 0, held_ = 0;  // sums over all peers
  int wake_fd_ = -1;
  bool accepting_ = true;
  bool news_ = false;  // a peer is gone, or no longer slow
  Clock::time_point next_look_{}, accept_again_{};
};

ZmtpGateway::~ZmtpGateway() {
  const auto deadline = Clock::now() + linger;
  flush_all();
  while (unsent_ > 0 && Clock::now() < deadline) {
    poll(milliseconds{10}, -1);
    flush_all();
  }
  for (const Listener& listener : listeners_) remove_ipc_file(listener);
}

Connection* ZmtpGateway::find(PeerId id) {
  const auto it = peers_.find(id);
  return it == peers_.end() ? nullptr : &it->second;
}

Result<std::string> ZmtpGateway::bind(std::string_view endpoint) {
  auto parsed = endpoint_to_bind(endpoint);
  if (!parsed) return parsed.error();
  auto listener = listen_on(*parsed, accept_backlog, options_.socket_mode);
  if (!listener) return listener.error();
  if (listeners_.size() + 1 >= first_peer) return Error{Errc::io, "The broker listens on too many endpoints. Nothing was changed."};
  epoll_event event{EPOLLIN, {}};
  event.data.u64 = listeners_.size() + 1;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener->socket.get(), &event) != 0) {
    remove_ipc_file(*listener);
    return Error{Errc::io, "Cannot watch '" + listener->address + "': " + std::strerror(errno) + ". Nothing was changed."};
  }
  listeners_.push_back(*std::move(listener));
  return listeners_.back().address;
}

void ZmtpGateway::watch_wake(int wake_fd) {
  if (wake_fd == wake_fd_) return;
  if (wake_fd_ >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, wake_fd_, nullptr);
  wake_fd_ = wake_fd;
  epoll_event event{EPOLLIN, {}};
  event.data.u64 = wake_mark;
  if (wake_fd >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd, &event);
}

/// Learns what happened. True when the wake-up was called.
bool ZmtpGateway::poll(microseconds timeout, int wake_fd) {
  watch_wake(wake_fd);
  if (timeout > microseconds{0} && timeout < milliseconds{1}) {  // finer than epoll_wait() can
    pollfd event{epoll_.get(), POLLIN, 0};
    const timespec time{0, timeout.count() * 1'000};
    ::ppoll(&event, 1, &time, nullptr);
    timeout = {};
  }
  std::array<epoll_event, events_at_once> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               static_cast<int>(std::chrono::ceil<milliseconds>(timeout).count()));
  bool woken = false;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t mark = events[static_cast<std::size_t>(i)].data.u64;
    const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
    if (mark == wake_mark) {
      woken = true;
    } else if (mark < first_peer) {
      accept_from(listeners_[mark - 1]);
    } else if (Connection* peer = find(PeerId{mark})) {
      if ((what & EPOLLOUT) != 0) peer->writable();
      if ((what & EPOLLIN) != 0) peer->hear();
      if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer->hang_up();
      note(*peer);
    }
  }
  return woken;
}

void ZmtpGateway::accept_from(Listener& listener) {
  const auto now = Clock::now();
  for (int i = 0; i < accepts_at_once; ++i) {
    Descriptor socket;
    const Accepted accepted = accept_one(listener, options_.spare_descriptors, socket);
    if (accepted == Accepted::none) return;
    if (accepted == Accepted::no_descriptor) {
      accept_again_ = now + accept_pause;
      return listen_again(false);
    }
    if (peers_.size() >= options_.max_peers) make_place();
    const PeerId id{next_peer_++};
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {}};
    event.data.u64 = static_cast<std::uint64_t>(id);
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0) continue;  // the connection is closed
    note(peers_.try_emplace(id, id, std::move(socket), now).first->second);
  }
}

/// Whether new connections are taken. Those that come meanwhile wait in the kernel.
void ZmtpGateway::listen_again(bool on) {
  accepting_ = on;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{on ? std::uint32_t{EPOLLIN} : 0u, {}};
    event.data.u64 = i + 1;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listeners_[i].socket.get(), &event);
  }
}

void ZmtpGateway::make_place() {
  const auto less = [](const auto& a, const auto& b) {
    if (a.second.spoke != b.second.spoke) return b.second.spoke;
    return a.second.heard < b.second.heard;
  };
  const auto silent = std::min_element(peers_.begin(), peers_.end(), less);
  if (silent != peers_.end()) end(silent->second);
}

/// After whatever changed a peer: the sums, and the lists that it belongs on. A closed one is gone afterwards.
void ZmtpGateway::note(Connection& peer) {
  unsent_ += peer.unsent() - peer.counted_unsent;
  held_ += peer.held_bytes() - peer.counted_held;
  peer.counted_unsent = peer.unsent();
  peer.counted_held = peer.held_bytes();
  if (peer.closed()) return end(peer);
  if (peer.can_flush() && !std::exchange(peer.to_flush, true)) to_flush_.push_back(peer.id());
  if (may_visit(peer)) list(peer);
  const bool slow = peer.unsent() > (peer.slow ? options_.slow_bytes / 2 : options_.slow_bytes);
  if (slow == peer.slow) return;
  peer.slow = slow;
  if (slow) {
    slow_.push_back(peer.id());
  } else {
    std::erase(slow_, peer.id());
    news_ = true;
  }
}

void ZmtpGateway::list(Connection& peer) {
  if (!std::exchange(peer.in_turn, true)) turns_.push_back(peer.id());
}

void ZmtpGateway::list_starving() {
  if (held_ >= options_.partial_bytes) return;
  for (const PeerId id : std::exchange(starving_, {})) {
    if (Connection* peer = find(id)) list(*peer);
  }
}

/// The peer is gone; the lists find that out by themselves.
void ZmtpGateway::end(Connection& peer) {
  unsent_ -= peer.counted_unsent;
  held_ -= peer.counted_held;
  if (peer.slow) std::erase(slow_, peer.id());
  gone_.push_back(peer.id());
  news_ = true;
  peers_.erase(peer.id());
  list_starving();
}

void ZmtpGateway::flush_all() {
  const auto now = Clock::now();
  for (const PeerId id : std::exchange(to_flush_, {})) {
    Connection* peer = find(id);
    if (!peer) continue;
    peer->to_flush = false;
    peer->flush(now);
    note(*peer);
  }
}

void ZmtpGateway::look_for_late() {
  const auto now = Clock::now();
  if (!accepting_ && now >= accept_again_) listen_again(true);
  if (now < next_look_) return;
  next_look_ = now + look_pause;
  std::vector<PeerId> late;
  for (const auto& [id, peer] : peers_) {
    const bool handshake = !peer.shook_hands() && now - peer.since > options_.handshake_timeout;
    const bool mute = !peer.spoke && now - peer.since > options_.first_frame_timeout;
    const bool deaf = peer.unsent() > 0 && now - peer.sent > options_.stall_timeout;
    const bool short_of_memory = 2 * held_ > options_.partial_bytes;
    const bool stuck = peer.held_bytes() > 0 && now - (short_of_memory ? peer.held_since : peer.heard) > options_.stall_timeout;
    const bool silent = now - peer.heard > options_.silence_timeout;
    if (handshake || mute || deaf || stuck || silent) late.push_back(id);
  }
  for (const PeerId id : late) drop(id);
}

void ZmtpGateway::wait(int wake_fd, microseconds timeout) {
  const auto deadline = Clock::now() + std::min<microseconds>(timeout, longest_wait);
  flush_all();
  while (turns_.empty() && !std::exchange(news_, false)) {
    const auto left = std::max(std::chrono::ceil<microseconds>(deadline - Clock::now()), microseconds{0});
    const auto most = peers_.empty() && accepting_ ? left : std::min<microseconds>(left, look_pause);
    const bool woken = poll(most, wake_fd);
    look_for_late();
    flush_all();
    if (woken || Clock::now() >= deadline) return;
  }
}

/// One round: every peer that has something is visited once, in turn. When one has used up the bytes, the others still have their
/// small frames taken: who asks for little does not wait for who floods.
void ZmtpGateway::receive(std::vector<Inbound>& out, std::size_t max_frames, std::size_t max_bytes) {
  flush_all();
  poll(milliseconds{0}, wake_fd_);
  look_for_late();
  Room room{max_frames, max_bytes};
  const auto now = Clock::now();
  for (std::size_t turns = turns_.size(); turns > 0 && room.frames > 0; --turns) {
    const PeerId id = turns_.front();
    turns_.pop_front();
    Connection* peer = find(id);
    if (!peer) continue;
    peer->in_turn = false;
    Room small{room.frames, small_frames_bytes};
    const bool spent = !room.left();
    peer->visit(out, spent ? small : room, spent ? Frames::that_fit : Frames::any, held_ < options_.partial_bytes, now);
    room.frames = std::min(room.frames, small.frames);
    if (peer->starving()) starving_.push_back(id);
    note(*peer);
  }
  list_starving();
}

Sent ZmtpGateway::send(PeerId id, std::string_view head, std::string_view payload) {
  Connection* peer = find(id);
  if (!peer) return Sent::gone;
  peer->send(head, payload, Clock::now());
  if (peer->unsent() > options_.outbox_bytes) peer->close();
  note(*peer);
  while (unsent_ > options_.outboxes_bytes && !peers_.empty()) {
    const auto most = std::max_element(peers_.begin(), peers_.end(),
                                       [](const auto& a, const auto& b) { return a.second.unsent() < b.second.unsent(); });
    end(most->second);
  }
  return find(id) ? Sent::ok : Sent::gone;
}

void ZmtpGateway::drop(PeerId id) {
  if (Connection* peer = find(id)) end(*peer);
}

}  // namespace

Result<std::unique_ptr<runtime::Gateway>> make_zmtp_gateway(const ZmtpGatewayOptions& options) {
  auto gateway = std::make_unique<ZmtpGateway>(options);
  if (!gateway->open()) {
    return Error{Errc::io, std::string("Cannot watch sockets: ") + std::strerror(errno) +
                               ". Nothing was opened. Raise the limit of open files (ulimit -n)."};
  }
  return std::unique_ptr<runtime::Gateway>(std::move(gateway));
}

}  // namespace ackwire::transport
