#include "runtime/commit_loop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "runtime/commit_pace.hpp"
#include "runtime/turn.hpp"

namespace ackwire::runtime {
namespace {

constexpr Duration longest_wait{1'000};

/// Frames are taken into one commit as long as this, or as the commit before it took, if that is longer: whoever waits for
/// an answer waits for a bounded time, and a slow disk still gets large commits.
constexpr std::chrono::microseconds gather_min{1'000}, gather_max{5'000};
/// And so long when somebody with little waits for a turn that another peer fills.
constexpr std::chrono::microseconds gather_hurried{300};

/// A turn that only settles waits so long for a frame that can share its commit: see Turn::can_wait().
constexpr std::chrono::microseconds share_wait{250};

Error stopped() { return {Errc::closed, "The broker is closed. Everything confirmed before is safe. Open it again.", {}, {}}; }

/// An eventfd that costs a system call only while the loop sleeps.
class Wake {
 public:
  Wake() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Wake() {
    if (fd_ >= 0) ::close(fd_);
  }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void ring() {
    if (!asleep_.exchange(false)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }
  /// From now on ring() rings. The caller must look once more for work before it sleeps.
  void about_to_sleep() { asleep_.store(true); }
  void awake() {
    asleep_.store(false);
    std::uint64_t count;
    [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
  }

 private:
  int fd_;
  std::atomic<bool> asleep_{false};
};

void wait_for(int fd, std::chrono::microseconds timeout) {
  pollfd event{fd, POLLIN, 0};
  const timespec time{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1'000};
  ::ppoll(&event, 1, &time, nullptr);
}

/// What may still be taken into one commit.
struct Room {
  std::size_t frames = 0, bytes = 0;
  bool left() const { return frames > 0 && bytes > 0; }
  void take(std::size_t frame_bytes) {
    --frames;
    bytes -= std::min(bytes, frame_bytes);
  }
};

}  // namespace

struct CommitLoop::State {
  explicit State(std::unique_ptr<store::Store> s, const BrokerOptions& o) : store(std::move(s)), options(o), turn(*store, o) {}

  // -- constant after start --
  std::unique_ptr<store::Store> store;
  BrokerOptions options;
  std::thread thread;
  std::atomic<std::thread::id> loop_thread;
  std::atomic<std::int64_t> clock_offset_ms{0};
  Wake wake;

  // -- the loop's thread alone --
  Turn turn;
  std::unique_ptr<Gateway> gateway;
  std::vector<Received> frames;
  std::vector<Inbound> inbound;
  Room room, local_room;  // of the commit under way
  std::vector<Peer> gone, slow;
  std::chrono::microseconds gather = gather_min;
  CommitPace pace;

  // -- protected by mutex --
  mutable std::mutex mutex;
  std::condition_variable space;
  struct LocalFrame {
    LocalPeer peer;
    std::shared_ptr<const std::string> bytes;
  };
  std::deque<LocalFrame> inbox;
  std::size_t inbox_used = 0;
  std::map<LocalPeer, LocalReceiver*> receivers;
  std::vector<std::function<void()>> calls;
  std::uint64_t next_peer = 1;
  bool stopping = false;
  Status health, store_room;

  bool on_loop() const { return std::this_thread::get_id() == loop_thread.load(); }
  bool is_stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
  }
  bool has_work() const {
    const std::lock_guard lock(mutex);
    return !inbox.empty() || !calls.empty() || stopping;
  }
  void sleep(std::chrono::microseconds timeout);
  void collect();
  void run_turn(const Send& sender);
  void run();
  bool send(const Peer& peer, std::string_view head, std::string_view payload);
  bool post(std::function<void()> call);
};

void CommitLoop::State::sleep(std::chrono::microseconds timeout) {
  wake.about_to_sleep();
  if (has_work()) timeout = {};
  if (gateway) {
    gateway->wait(wake.fd(), timeout);
  } else if (timeout.count() > 0) {
    wait_for(wake.fd(), timeout);
  }
  wake.awake();
}

// Takes a bounded part of what is there; in one commit never more than its limits.
void CommitLoop::State::collect() {
  frames.clear();
  std::vector<std::function<void()>> now_calls;
  {
    const std::lock_guard lock(mutex);
    now_calls.swap(calls);
    while (!inbox.empty() && local_room.left()) {
      LocalFrame frame = std::move(inbox.front());
      inbox.pop_front();
      local_room.take(frame.bytes->size());
      inbox_used -= frame.bytes->size();
      frames.push_back({Peer{true, static_cast<std::uint64_t>(frame.peer)}, *frame.bytes, frame.bytes, 0});
    }
  }
  space.notify_all();
  for (const auto& call : now_calls) call();
  if (gateway) {
    inbound.clear();
    if (room.left()) gateway->receive(inbound, room.frames, room.bytes);
    for (Inbound& in : inbound) {
      room.take(in.bytes.size());
      frames.push_back({Peer{false, static_cast<std::uint64_t>(in.peer)}, in.bytes, std::move(in.owner), in.extra_frames});
    }
    for (const PeerId peer : gateway->take_gone()) gone.push_back(Peer{false, static_cast<std::uint64_t>(peer)});
    slow.clear();
    for (const PeerId peer : gateway->slow()) slow.push_back(Peer{false, static_cast<std::uint64_t>(peer)});
    turn.set_slow(slow);
  }
}

bool CommitLoop::State::send(const Peer& peer, std::string_view head, std::string_view payload) {
  if (!peer.local) return gateway && gateway->send(PeerId{peer.id}, head, payload) == Sent::ok;
  LocalReceiver* receiver = nullptr;
  {
    const std::lock_guard lock(mutex);
    const auto it = receivers.find(LocalPeer{peer.id});
    if (it == receivers.end()) return false;
    receiver = it->second;  // stays valid: detach() runs on this thread
  }
  auto frame = std::make_shared<std::string>();
  frame->reserve(head.size() + payload.size());
  frame->append(head).append(payload);
  const std::string_view bytes = *frame;
  receiver->received(bytes, std::move(frame));
  return true;
}

// One commit: what comes while its time lasts goes into it, a bounded part of each peer at a time.
void CommitLoop::State::run_turn(const Send& sender) {
  using std::chrono::steady_clock;
  const auto begun = steady_clock::now();
  bool waited = false;
  turn.begin(sender);
  while (true) {
    turn.take(frames);
    pace.take(frames);
    const auto enough = turn.hurries() ? std::min(gather, gather_hurried) : gather;
    if (frames.empty() || steady_clock::now() - begun >= enough) break;
    collect();
    if (frames.empty() && turn.can_wait() && !std::exchange(waited, true)) {
      sleep(share_wait);
      collect();
    }
  }
  const auto before = steady_clock::now();
  turn.finish(sender);
  const auto after = steady_clock::now();
  gather = std::clamp(std::chrono::duration_cast<std::chrono::microseconds>(after - before), gather_min, gather_max);
  pace.committed(std::chrono::duration_cast<std::chrono::microseconds>(after - begun), after);
}

void CommitLoop::State::run() {
  loop_thread = std::this_thread::get_id();
  // Whoever is told of a failure finds it in health() as well.
  const auto note_failure = [this] {
    if (turn.failed().ok()) return;
    const std::lock_guard lock(mutex);
    if (health.ok()) health = turn.failed();
  };
  const Send sender = [this, &note_failure](const Peer& peer, std::string_view head, std::string_view payload) {
    note_failure();
    clock_offset_ms.store(turn.clock_offset().count(), std::memory_order_relaxed);
    return send(peer, head, payload);
  };
  bool store_room_was_ok = true;
  while (true) {
    room = local_room = {options.commit_max_frames, std::min(options.commit_max_bytes, pace.bytes())};
    collect();
    if (is_stopping()) {
      // What was handed over before the end is done before it, a last settle and a goodbye among it.
      if (!frames.empty()) run_turn(sender);
      break;
    }
    if (frames.empty() && !turn.due()) {
      for (const Peer& peer : std::exchange(gone, {})) turn.end(peer);
      sleep(std::min(turn.wait().value_or(longest_wait), longest_wait));
      continue;
    }
    run_turn(sender);
    clock_offset_ms.store(turn.clock_offset().count(), std::memory_order_relaxed);
    note_failure();
    for (const Peer& peer : std::exchange(gone, {})) turn.end(peer);
    if (turn.room().ok() != store_room_was_ok) {
      const std::lock_guard lock(mutex);
      store_room = turn.room();
      store_room_was_ok = store_room.ok();
    }
    for (const Peer& peer : turn.take_silent()) {
      if (gateway) gateway->drop(PeerId{peer.id});
    }
  }
  turn.close(sender, Errc::ok, "The broker is closing. What was confirmed is safe; what has no answer may be repeated later.");
  std::map<LocalPeer, LocalReceiver*> left;
  std::vector<std::function<void()>> last_calls;
  {
    const std::lock_guard lock(mutex);
    left.swap(receivers);
    last_calls.swap(calls);
    inbox.clear();
    inbox_used = 0;
  }
  space.notify_all();
  for (const auto& call : last_calls) call();
  for (const auto& [peer, receiver] : left) receiver->disconnected("the broker is closing");
  gateway.reset();
}

// False when the loop has stopped: the call will never run.
bool CommitLoop::State::post(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex);
    if (stopping) return false;
    calls.push_back(std::move(call));
  }
  wake.ring();
  return true;
}

CommitLoop::CommitLoop(std::shared_ptr<State> state) : state_(std::move(state)) {}
CommitLoop::~CommitLoop() { stop(); }

Result<std::unique_ptr<CommitLoop>> CommitLoop::start(std::unique_ptr<store::Store> store, const BrokerOptions& options) {
  auto state = std::make_shared<State>(std::move(store), options);
  if (!state->wake.open()) {
    return Error{Errc::io, "The system gives no event descriptor. Nothing was changed. Raise the limit of open files (ulimit -n)."};
  }
  if (Status opened = state->turn.open(); !opened) return opened.error();
  state->clock_offset_ms = state->turn.clock_offset().count();
  try {
    state->thread = std::thread([raw = state.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return Error{Errc::io, "Cannot start the broker's thread: " + std::string(error.what()) +
                               ". Nothing was changed. Raise the limit of processes (ulimit -u) or of memory (ulimit -v)."};
  }
  return std::unique_ptr<CommitLoop>(new CommitLoop(std::move(state)));
}

void CommitLoop::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->space.notify_all();
  state_->wake.ring();
  if (state_->thread.joinable() && !state_->on_loop()) state_->thread.join();
}

LocalPeer CommitLoop::attach(LocalReceiver& receiver) {
  const std::lock_guard lock(state_->mutex);
  const LocalPeer peer{state_->next_peer++};
  state_->receivers[peer] = &receiver;
  return peer;
}

void CommitLoop::detach(LocalPeer peer) {
  const auto remove = [state = state_.get(), peer] {
    {
      const std::lock_guard lock(state->mutex);
      state->receivers.erase(peer);
    }
    state->gone.push_back(Peer{true, static_cast<std::uint64_t>(peer)});  // after the frames it sent before
  };
  if (state_->on_loop()) return remove();
  std::promise<void> done;
  if (state_->post([&] { remove(), done.set_value(); })) {
    done.get_future().wait();
  } else {
    stop();  // waits until the last call into the receiver is over
  }
}

bool CommitLoop::submit(LocalPeer peer, std::string frame) {
  State& s = *state_;
  {
    std::unique_lock lock(s.mutex);
    if (!s.on_loop()) s.space.wait(lock, [&] { return s.stopping || s.inbox_used < inbox_bytes; });
    if (s.stopping || !s.receivers.contains(peer)) return false;
    s.inbox_used += frame.size();
    s.inbox.push_back({peer, std::make_shared<const std::string>(std::move(frame))});
  }
  s.wake.ring();
  return true;
}

void CommitLoop::set_gateway(std::unique_ptr<Gateway> gateway) {
  auto shared = std::make_shared<std::unique_ptr<Gateway>>(std::move(gateway));
  state_->post([state = state_.get(), shared] { state->gateway = std::move(*shared); });
}

Result<std::string> CommitLoop::bind(std::string_view endpoint) {
  std::promise<Result<std::string>> bound;
  const std::string wanted(endpoint);
  const bool posted = state_->post([&] {
    bound.set_value(state_->gateway ? state_->gateway->bind(wanted)
                                    : Result<std::string>(Error{Errc::internal, "The broker has no gateway.", {}, {}}));
  });
  if (!posted) return stopped();
  return bound.get_future().get();
}

Duration CommitLoop::clock_offset() const { return Duration{state_->clock_offset_ms.load(std::memory_order_relaxed)}; }

Status CommitLoop::room() const {
  const std::lock_guard lock(state_->mutex);
  return state_->store_room;
}

Status CommitLoop::health() const {
  const std::lock_guard lock(state_->mutex);
  return state_->health;
}

}  // namespace ackwire::runtime
