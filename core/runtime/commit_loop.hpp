// The commit loop: the one thread that owns the engine. Drain the inbox -> sample the time -> one turn of the engine (one synced
// transaction) -> send its effects. While a commit syncs, the next frames gather: batching without a timer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ackwire/broker.hpp"
#include "ackwire/error.hpp"
#include "engine/engine.hpp"
#include "runtime/gateway.hpp"
#include "store/store.hpp"

namespace ackwire::runtime {

/// A peer inside this process.
enum class LocalPeer : std::uint64_t {};

/// Receives the frames for a local peer. Called on the commit loop's thread, after the commit; must return soon and may call
/// CommitLoop::submit (which then never blocks).
class LocalReceiver {
 public:
  virtual ~LocalReceiver() = default;
  virtual void received(std::string_view frame, std::shared_ptr<const void> owner) = 0;
  /// The engine was restarted after a full store, or the loop stops: the session is gone; say hello again.
  virtual void disconnected(std::string_view reason) = 0;
};

/// All functions are thread-safe.
class CommitLoop {
 public:
  /// Opens the engine over the store and starts the thread. Takes the store.
  static Result<std::unique_ptr<CommitLoop>> start(std::unique_ptr<store::Store> store, const BrokerOptions& options);
  /// Stops after the turn under way. Nothing that was confirmed is lost.
  ~CommitLoop();

  /// `receiver` must stay valid until detach() returns.
  LocalPeer attach(LocalReceiver& receiver);
  /// After it returns the receiver is not called any more (may be called from inside the receiver). The session ends.
  void detach(LocalPeer peer);
  /// Puts a frame into the inbox. Blocks while the inbox is full (inbox_bytes), except on the loop's own thread.
  /// False: the peer is not attached or the loop has stopped.
  bool submit(LocalPeer peer, std::string frame);

  /// The door for other processes; at most one. Owned by the loop's thread from then on.
  void set_gateway(std::unique_ptr<Gateway> gateway);
  /// Runs `bind` of the gateway on the loop's thread. Requires set_gateway() before.
  Result<std::string> bind(std::string_view endpoint);

  /// Why nothing is confirmed any more (Errc::failed), or ok.
  Status health() const;
  /// The system's clock less broker time, as of the last turn.
  Duration clock_offset() const;
  /// Ok, or why publishes find no room at present.
  Status room() const;
  void stop();

  static constexpr std::size_t inbox_bytes = 64u << 20;

 private:
  struct State;
  explicit CommitLoop(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace ackwire::runtime
