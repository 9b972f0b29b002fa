// One turn of the broker: received frames become commands, the engine decides and commits, effects become frames.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/broker.hpp"
#include "engine/admin/latency.hpp"
#include "engine/engine.hpp"
#include "runtime/clock.hpp"
#include "runtime/hurry.hpp"
#include "runtime/log.hpp"
#include "runtime/sessions.hpp"
#include "store/store.hpp"
#include "wire/frame.hpp"
#include "wire/session.hpp"

namespace ackwire::runtime {

/// A frame taken from an inbox.
struct Received {
  Peer peer;
  std::string_view bytes;
  std::shared_ptr<const void> owner;
  std::uint32_t extra_frames = 0;
};

/// Sends one frame made of two parts. False when the peer is gone.
using Send = std::function<bool(const Peer& peer, std::string_view head, std::string_view payload)>;

/// Owns engine and sessions. Not thread-safe: the commit loop's thread alone uses it.
class Turn {
 public:
  Turn(store::Store& store, const BrokerOptions& options);
  /// Begins broker time where the store's stood, and opens the engine.
  Status open();
  /// Takes the frames, commits, sends. Errors are sticky: failed() tells why, and nothing is confirmed any more.
  void run(const std::vector<Received>& frames, const Send& send) { begin(send), take(frames), finish(send); }
  /// The parts of run(). take() any number of times: what the frames point to is not needed afterwards.
  void begin(const Send& send);
  void take(const std::vector<Received>& frames);
  /// What was taken may wait a moment for more: it only settles, and whoever was answered just now is about to send the next frame,
  /// which then shares the commit and need not wait for two.
  bool can_wait() const;
  /// Somebody who sent little waits for what another one fills: to be finished soon.
  bool hurries() const { return hurry_.now(); }
  void finish(const Send& send);
  /// Those that do not take what is sent to them: no messages are handed to them, and their reads wait.
  void set_slow(const std::vector<Peer>& slow);
  /// The peer is gone.
  void end(const Peer& peer);
  /// Peers whose session ended because nothing was heard of them, since the last call: what waits for them can be thrown away.
  std::vector<Peer> take_silent() { return std::exchange(silent_, {}); }
  /// Until the next turn is due; nullopt = when a frame comes.
  std::optional<Duration> wait() const;
  bool due() const;
  const Status& failed() const { return failed_; }
  /// The system's clock less broker time.
  Duration clock_offset() const { return clock_ ? clock_->offset() : Duration{0}; }
  /// Ok, or why a publish found no room a moment ago.
  const Status& room() const { return full_.ok() ? engine_->room() : full_; }
  /// Says goodbye to everyone.
  void close(const Send& send, Errc code, std::string_view text);

 private:
  void handle(const Received& received);
  void handle_session_frame(Session& session, const wire::Frame& frame);
  void hello(const Peer& peer, const wire::Frame& frame);
  bool was_life(const wire::Life& life) const;
  void await_commit(const Session& session);
  void publish(Session& session, const wire::Frame& frame);
  void settle(Session& session, const wire::Frame& frame);
  void request(Session& session, const wire::Frame& frame);
  void run_reads();
  void hold(const Peer& peer, bool held);
  void refuse(const Peer& peer, std::uint32_t request, const Error& error);
  /// `in_order`: it said goodbye, or was never asked to stay.
  void end_session(model::SessionId id, std::string_view why, bool in_order = false);
  void send_effects(const Send& send);
  void probe(const Send& send);
  bool send_effect(model::Effect& effect, const Session& session, const Send& send);
  void tell_damage();
  engine::EngineOptions engine_options() const;
  Status open_engine();
  bool resume(const Error& full);
  void make_way(const Error& full);
  void after_failure(const Status& failure, const Send& send);
  void open_again();
  bool working() const { return failed_.ok() && full_.ok(); }
  void send_replies(const Send& send);
  void stop_confirming(const Status& failure);
  void complete(BrokerStats& stats);
  std::uint64_t random_seed() const;
  // turn_log.cpp
  std::string who(const Session* session) const;
  void tell_notes();
  void tell_opened();
  void tell_session(const Session& session);
  void tell_session_end(const Session& session, std::string_view why, bool in_order);
  void tell_refusal(const Peer& peer, const Error& error);
  void tell_commit(std::uint64_t micros, std::size_t frames);
  void tell_failure(const Error& error, bool goes_on);

  store::Store& store_;
  BrokerOptions options_;
  Log log_;
  std::optional<Clock> clock_;  // from open() on
  engine::MachineBoot machine_boot_{};
  std::size_t frames_ = 0;  // taken in this turn
  model::Now now_;
  std::unique_ptr<engine::Engine> engine_;
  Sessions sessions_;
  Status failed_;
  Status full_;  // not ok: there is no room even to open the engine again; it is tried until there is
  Duration next_open_{0};
  struct Reply {
    Peer peer;
    std::string frame;
  };
  struct Asked {
    Peer peer;
    std::uint32_t request = 0;
  };
  std::vector<Asked> asked_;    // frames of this turn that await an answer
  std::vector<Reply> replies_;  // answers that need no commit; sent after it all the same, to keep the order
  struct Lost {
    model::SessionId session;
    model::Deliver deliver;
  };
  std::vector<Lost> lost_;  // deliveries that could not be sent
  std::vector<model::SessionId> gone_;
  std::vector<Peer> silent_;
  std::vector<Peer> slow_;
  bool released_ = false;                 // one that was slow can be handed messages again
  std::deque<model::SessionId> readers_;  // those with reads, in turn
  bool reads_left_ = false;               // some may run in the next turn
  bool to_confirm_ = false;               // this turn has something to confirm
  bool awaited_ = false;                  // somebody cannot go on before it
  Hurry hurry_;
  Duration reads_due_{0};
  Duration last_answer_{-1'000};  // to somebody who waited
  model::Publish publish_;        // its vectors are used again
  model::Settle settle_;
  model::Begun begun_;
  std::string head_, reply_;
  engine::Latency commit_us_, last_commit_us_;
  Duration commit_window_{0};
  Duration next_probe_{0};
  Duration told_pace_{0};  // broker time less steady time, as peers in this process know it
  std::uint64_t commits_ = 0;
};

}  // namespace ackwire::runtime
