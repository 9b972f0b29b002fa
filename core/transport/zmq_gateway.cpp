#include "transport/zmq_gateway.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <zmq.hpp>

#include "ackwire/limits.hpp"
#include "transport/endpoint.hpp"
#include "transport/zmq_library.hpp"

namespace ackwire::transport {
namespace {

using Clock = std::chrono::steady_clock;
using runtime::Inbound;
using runtime::PeerId;
using runtime::Sent;

/// A slow peer may become ready without a signal that is still to be seen: look again after this.
constexpr std::chrono::milliseconds outbox_retry{50};
constexpr std::chrono::milliseconds longest_wait{60'000};
constexpr int linger_ms = 1'000;
constexpr int accept_backlog = 256;

/// Looks addresses up without a copy of them.
struct AddressHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view address) const { return std::hash<std::string_view>{}(address); }
};

struct Peer {
  std::string address;  // the routing id; never shown, never logged
  std::deque<zmq::message_t> outbox;
  std::size_t outbox_bytes = 0;
  Clock::time_point heard{};
};

enum class Attempt { sent, full, gone };

/// Anonymous memory of this process in bytes, 0 when the system does not say.
std::size_t anonymous_memory() {
  unsigned long size = 0, resident = 0, shared = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  const bool read = std::fscanf(file, "%lu %lu %lu", &size, &resident, &shared) == 3;
  std::fclose(file);
  return read ? (resident - std::min(resident, shared)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

class ZmqGateway final : public runtime::Gateway {
 public:
  explicit ZmqGateway(const ZmqGatewayOptions& options) : options_(options), context_(1), memory_base_(anonymous_memory()) {}
  ~ZmqGateway() override;

  Status open();
  void wait(int wake_fd, std::chrono::milliseconds timeout) override;
  void receive(std::vector<Inbound>& out, std::size_t max_frames, std::size_t max_bytes) override;
  Sent send(PeerId id, std::string_view head, std::string_view payload) override;
  void drop(PeerId id) override;
  Result<std::string> bind(std::string_view endpoint) override;

 private:
  struct Bound {
    std::string address;
    std::string ipc_path;
    ino_t ipc_file = 0;
    bool open = true;
  };

  PeerId peer_of(const zmq::message_t& address);
  void forget_most_silent();
  Attempt try_send(const Peer& peer, zmq::message_t& frame);
  bool push_outboxes();
  Status bind_socket(Bound& bound);
  void check_memory();
  void bind_again();

  const ZmqGatewayOptions options_;
  zmq::context_t context_;
  zmq::socket_t router_;
  std::unordered_map<std::string, PeerId, AddressHash, std::equal_to<>> ids_;
  std::unordered_map<PeerId, Peer> peers_;
  std::vector<PeerId> slow_;  // those with something in their outbox
  std::vector<Bound> bound_;
  std::uint64_t last_peer_ = 0;
  std::size_t memory_base_;
  Clock::time_point memory_checked_ = Clock::now();
  bool binding_again_ = false;
};

Status ZmqGateway::open() {
  UnguessableNumbers numbers;
  if (Status status = numbers.seed(); !status) return status;
  try {
    { zmq::socket_t first(context_, zmq::socket_type::dealer); }  // starts the library, whatever that does to rand()
    if (Status status = numbers.seed(); !status) return status;
    router_ = zmq::socket_t(context_, zmq::socket_type::router);
    router_.set(zmq::sockopt::router_mandatory, true);
    router_.set(zmq::sockopt::router_handover, false);
    router_.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(limits::frame_bytes));
    router_.set(zmq::sockopt::sndhwm, send_frames);
    router_.set(zmq::sockopt::rcvhwm, receive_frames);
    router_.set(zmq::sockopt::linger, linger_ms);
    router_.set(zmq::sockopt::handshake_ivl, handshake_ms);
    router_.set(zmq::sockopt::heartbeat_ivl, heartbeat_ms);
    router_.set(zmq::sockopt::heartbeat_timeout, heartbeat_timeout_ms);
    router_.set(zmq::sockopt::heartbeat_ttl, heartbeat_timeout_ms);
    router_.set(zmq::sockopt::backlog, accept_backlog);
    return {};
  } catch (const zmq::error_t&) {
    return zmq_failure("Cannot make the socket that clients connect to");
  }
}

ZmqGateway::~ZmqGateway() {
  for (const Bound& bound : bound_) {
    struct stat status {};
    if (bound.ipc_file != 0 && lstat(bound.ipc_path.c_str(), &status) == 0 && status.st_ino == bound.ipc_file) {
      unlink(bound.ipc_path.c_str());
    }
  }
}

PeerId ZmqGateway::peer_of(const zmq::message_t& address) {
  const std::string_view key(static_cast<const char*>(address.data()), address.size());
  if (const auto known = ids_.find(key); known != ids_.end()) {
    peers_[known->second].heard = Clock::now();
    return known->second;
  }
  if (peers_.size() >= options_.max_peers) forget_most_silent();
  const auto id = static_cast<PeerId>(++last_peer_);
  ids_.emplace(key, id);
  Peer& peer = peers_[id];
  peer.address = key;
  peer.heard = Clock::now();
  return id;
}

void ZmqGateway::forget_most_silent() {
  const auto silent =
      std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; });
  if (silent != peers_.end()) drop(silent->first);
}

void ZmqGateway::wait(int wake_fd, std::chrono::milliseconds timeout) {
  check_memory();
  const auto deadline = Clock::now() + std::min(timeout, longest_wait);
  for (;;) {
    if ((socket_events(router_) & ZMQ_POLLIN) != 0) return;
    if (!slow_.empty() && push_outboxes()) continue;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) left = std::chrono::milliseconds{0};
    const auto most = slow_.empty() && !binding_again_ ? options_.memory_check_interval : outbox_retry;
    pollfd fds[] = {signal_of(router_), {wake_fd, POLLIN, 0}};
    poll_all(fds, std::min(left, most));
    if (fds[1].revents != 0 || Clock::now() >= deadline) return;
    check_memory();
  }
}

void ZmqGateway::receive(std::vector<Inbound>& out, std::size_t max_frames, std::size_t max_bytes) {
  zmq::message_t address, extra;
  std::size_t bytes = 0;
  for (std::size_t frames = 0; frames < max_frames && bytes < max_bytes; ++frames) {
    if (zmq_msg_recv(address.handle(), router_.handle(), ZMQ_DONTWAIT) < 0) return;
    if (!address.more()) continue;  // an address without a frame
    auto frame = std::make_shared<zmq::message_t>();
    if (zmq_msg_recv(frame->handle(), router_.handle(), ZMQ_DONTWAIT) < 0) return;
    Inbound inbound;
    inbound.peer = peer_of(address);
    for (bool more = frame->more(); more; more = extra.more()) {
      if (zmq_msg_recv(extra.handle(), router_.handle(), ZMQ_DONTWAIT) < 0) break;
      ++inbound.extra_frames;
    }
    inbound.bytes = {static_cast<const char*>(frame->data()), frame->size()};
    inbound.owner = std::move(frame);
    bytes += inbound.bytes.size();
    out.push_back(std::move(inbound));
  }
}

Attempt ZmqGateway::try_send(const Peer& peer, zmq::message_t& frame) {
  zmq::message_t address(peer.address.data(), peer.address.size());
  if (zmq_msg_send(address.handle(), router_.handle(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
    return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? Attempt::full : Attempt::gone;
  }
  // The address was taken, so the frame is: ZeroMQ keeps room for a whole message.
  return zmq_msg_send(frame.handle(), router_.handle(), ZMQ_DONTWAIT) < 0 ? Attempt::gone : Attempt::sent;
}

Sent ZmqGateway::send(PeerId id, std::string_view head, std::string_view payload) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return Sent::gone;
  Peer& peer = found->second;
  zmq::message_t frame(head.size() + payload.size());
  std::memcpy(frame.data(), head.data(), head.size());
  if (!payload.empty()) std::memcpy(static_cast<char*>(frame.data()) + head.size(), payload.data(), payload.size());
  if (peer.outbox.empty()) {
    const Attempt attempt = try_send(peer, frame);
    if (attempt == Attempt::sent) return Sent::ok;
    if (attempt == Attempt::gone) {
      drop(id);
      return Sent::gone;
    }
  }
  if (peer.outbox_bytes + frame.size() > options_.outbox_bytes) {
    drop(id);
    return Sent::gone;
  }
  if (peer.outbox.empty()) slow_.push_back(id);
  peer.outbox_bytes += frame.size();
  peer.outbox.push_back(std::move(frame));
  return Sent::ok;
}

/// True when something moved.
bool ZmqGateway::push_outboxes() {
  bool moved = false;
  const std::vector<PeerId> slow = std::exchange(slow_, {});
  for (const PeerId id : slow) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) continue;
    Peer& peer = found->second;
    Attempt attempt = Attempt::sent;
    while (!peer.outbox.empty()) {
      const std::size_t bytes = peer.outbox.front().size();
      attempt = try_send(peer, peer.outbox.front());
      if (attempt != Attempt::sent) break;
      moved = true;
      peer.outbox_bytes -= bytes;
      peer.outbox.pop_front();
    }
    if (attempt == Attempt::gone) drop(id);
    if (attempt == Attempt::full) slow_.push_back(id);
  }
  return moved;
}

void ZmqGateway::drop(PeerId id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  ids_.erase(found->second.address);
  peers_.erase(found);
  std::erase(slow_, id);
}

Result<std::string> ZmqGateway::bind(std::string_view endpoint) {
  auto parsed = endpoint_to_bind(endpoint);
  if (!parsed) return parsed.error();
  Bound bound{parsed->address, parsed->ipc_path};
  if (Status status = bind_socket(bound); !status) return status.error();
  bound_.push_back(bound);
  return bound.address;
}

Status ZmqGateway::bind_socket(Bound& bound) {
  const bool is_ipc = !bound.ipc_path.empty();
  if (is_ipc) {
    if (Status status = check_ipc_path(bound.ipc_path); !status) return status;
  }
  const int ipv6 = is_ipv6(bound.address) ? 1 : 0;  // only where it is asked for: it changes how addresses are written
  zmq_setsockopt(router_.handle(), ZMQ_IPV6, &ipv6, sizeof ipv6);
  const mode_t mask = is_ipc ? umask(0177) : 0;  // the socket file is never open to others, not even for a moment
  const int rc = zmq_bind(router_.handle(), bound.address.c_str());
  const int error = zmq_errno();
  if (is_ipc) umask(mask);
  if (is_ipc && rc == 0) chmod(bound.ipc_path.c_str(), options_.socket_mode);
  if (rc != 0) {
    return Error{Errc::io, "Cannot listen on '" + bound.address + "': " + zmq_strerror(error) +
                               ". Nothing was changed; use another port or path, or stop the process that has it."};
  }
  struct stat status {};
  if (is_ipc && lstat(bound.ipc_path.c_str(), &status) == 0) bound.ipc_file = status.st_ino;
  try {
    bound.address = router_.get(zmq::sockopt::last_endpoint);
  } catch (const zmq::error_t&) {
    return zmq_failure("Cannot read the endpoint that was bound");
  }
  return {};
}

/// The circuit breaker. Taking the endpoints away drops every connection, and with it what ZeroMQ gathered for it.
void ZmqGateway::check_memory() {
  const auto now = Clock::now();
  if (binding_again_) bind_again();
  if (now - memory_checked_ < options_.memory_check_interval) return;
  memory_checked_ = now;
  const std::size_t memory = anonymous_memory();
  memory_base_ = std::min(memory_base_, memory);
  if (memory < memory_base_ + options_.memory_growth_bytes || binding_again_) return;
  memory_base_ = memory;
  for (Bound& bound : bound_) {
    bound.open = zmq_unbind(router_.handle(), bound.address.c_str()) != 0;
    binding_again_ = binding_again_ || !bound.open;
  }
}

/// The old listener leaves in its own time, so this is tried until it works.
void ZmqGateway::bind_again() {
  binding_again_ = false;
  for (Bound& bound : bound_) {
    if (!bound.open) bound.open = bind_socket(bound).ok();
    binding_again_ = binding_again_ || !bound.open;
  }
}

}  // namespace

Result<std::unique_ptr<runtime::Gateway>> make_zmq_gateway(const ZmqGatewayOptions& options) {
  if (Status status = check_zmq_version(); !status) return status.error();
  try {
    auto gateway = std::make_unique<ZmqGateway>(options);
    if (Status status = gateway->open(); !status) return status.error();
    return std::unique_ptr<runtime::Gateway>(std::move(gateway));
  } catch (const zmq::error_t&) {
    return zmq_failure("Cannot start ZeroMQ");
  }
}

}  // namespace ackwire::transport
