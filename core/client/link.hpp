// What carries a client's frames to a broker: a ZeroMQ socket with a thread of its own, or the commit loop of this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::client {

/// The client's side of a link. connected(), disconnected() and received() come one at a time and in order; next_frame() may come
/// from another thread meanwhile, as long as frames leave in the order in which it gave them.
class LinkUser {
 public:
  virtual ~LinkUser() = default;
  /// The peer can be reached (again): say hello.
  virtual void connected() = 0;
  virtual void disconnected(std::string_view reason) = 0;
  /// The broker will not answer again, whatever is tried: everything under way ends with this error.
  virtual void failed(const Error& error) = 0;
  /// `owner` keeps `frame` alive.
  virtual void received(std::string_view frame, std::shared_ptr<const void> owner) = 0;
  /// The next frame to send, or false. Called until false after every wake(), received() and tick().
  virtual bool next_frame(std::string& frame) = 0;
  /// Time passes; returns how long until the next tick is wanted.
  virtual std::chrono::milliseconds tick(std::chrono::steady_clock::time_point now) = 0;
  /// When tick() is wanted next, for a link that does not ask after each wake(). Never blocks.
  virtual std::chrono::steady_clock::time_point tick_due() const { return std::chrono::steady_clock::time_point::max(); }
  /// True: give up this connection and make a new one after `backoff()`.
  virtual bool wants_reconnect() = 0;
  virtual std::chrono::milliseconds backoff() = 0;
};

/// Thread-safe.
class Link {
 public:
  virtual ~Link() = default;
  /// Starts calling `user`, which must outlive stop().
  virtual Status start(LinkUser& user) = 0;
  /// There is something to send or a tick is due earlier than was said. Never called with the user's locks held.
  virtual void wake() = 0;
  /// Sends what next_frame() still gives, bounded by `linger`, then stops. No call into the user after it returns. Idempotent.
  virtual void stop(std::chrono::milliseconds linger) = 0;
};

}  // namespace ackwire::client
