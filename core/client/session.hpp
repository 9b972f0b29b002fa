// The session: hello and welcome, heart-beats, broker time, and when to give a connection up.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "ackwire/connection.hpp"
#include "client/core_options.hpp"
#include "client/gate.hpp"
#include "model/command.hpp"
#include "wire/session.hpp"

namespace ackwire::client {

/// Not thread-safe, except broker_time(): every other call is made with the gate held.
class Session {
 public:
  explicit Session(const CoreOptions& options);

  /// The peer can be reached: hello is the next frame.
  void connected(Clock::time_point now);
  /// What broker time is more than the system's time here, when that was not known before: what was stamped by it is off by so
  /// much.
  Duration welcomed(const wire::Welcome& welcome, Clock::time_point now);
  /// True when the welcome is of another store than the last one, or of an older life of the same.
  bool other_life(const wire::Welcome& welcome) const;
  /// True when the last hello named the life that was known last.
  bool named_life() const { return named_life_; }
  /// From now on a hello names no life; `for_good`: because the broker does not understand it.
  void forget_life(bool for_good);
  /// True when the last hello named capabilities.
  bool named_capabilities() const { return named_capabilities_; }
  /// The next hello of this connection names none, because the broker does not understand them.
  void forget_capabilities() { names_capabilities_ = false; }
  /// Of the broker of this session.
  const wire::Capabilities& capabilities() const { return capabilities_; }
  /// The session is gone; false when there was none.
  bool lost();
  /// Give the connection up and make a new one.
  void give_up() { reconnect_ = true; }

  /// Hello, before everything else.
  bool next_hello(std::string& out, Clock::time_point now);
  /// A ping when one is due, behind what else there is to say.
  bool next_ping(std::string& out, Clock::time_point now);
  /// Asks for a pong that comes after every frame sent before; returns its number.
  std::uint32_t ask_pong() { return ping_due_ = true, pings_ + 1; }
  void ponged(std::uint32_t request, std::uint64_t broker_now);
  /// Number of the latest ping that was answered.
  std::uint32_t pongs() const { return pongs_; }
  void heard(Clock::time_point now) { heard_ = now; }
  void said(Clock::time_point now) { said_ = now; }

  /// Makes a ping due, or gives up on a silent peer. Returns when to look again.
  Clock::time_point tick(Clock::time_point now);
  bool take_reconnect() { return std::exchange(reconnect_, false); }
  Duration backoff();

  bool ready() const { return phase_ == Phase::ready; }
  std::uint64_t boot_epoch() const { return boot_epoch_; }
  /// Thread-safe. Not earlier than broker time, and later by as much as the question was on its way at most: what is stamped with
  /// it comes due not before its time. The system's time until the first welcome.
  Timestamp broker_time() const;
  /// Thread-safe.
  bool knows_time() const { return knows_time_.load(std::memory_order_acquire); }

 private:
  enum class Phase : std::uint8_t { down, greeting, ready };
  void learn_time(std::uint64_t broker_now, std::int64_t asked_ms);
  void compare_time(std::uint64_t broker_now);
  Duration heartbeat() const;

  const CoreOptions options_;
  std::mt19937_64 random_;
  model::ProducerId producer_{};
  Phase phase_ = Phase::down;
  bool hello_due_ = false, ping_due_ = false, reconnect_ = false;
  std::uint32_t pings_ = 0, pongs_ = 0;  // of this session
  std::uint64_t boot_epoch_ = 0;
  std::optional<wire::Life> life_;  // of the last welcome
  bool names_life_ = true, named_life_ = false;
  bool names_capabilities_ = true, named_capabilities_ = false;
  wire::Capabilities capabilities_{};
  Duration session_timeout_{0};
  std::uint32_t failures_ = 0;  // connections given up since the last welcome
  Clock::time_point since_{}, heard_{}, said_{};
  std::int64_t hello_ms_ = 0, ping_ms_ = 0;        // steady time of the last of each
  std::atomic<std::int64_t> broker_offset_ms_{0};  // broker time less steady time, at most
  std::atomic<bool> knows_time_{false};
};

}  // namespace ackwire::client
