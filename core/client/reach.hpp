// Why the broker cannot be reached, and since when: what every timeout tells.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace ackwire::client {

/// Guarded by the gate.
class Reach {
 public:
  using Steady = std::chrono::steady_clock;

  /// `endpoint` is empty for a broker in this process.
  explicit Reach(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  /// A peer has shaken hands; whether it is a broker is not known yet.
  void greeting(Steady::time_point now) { greeting_ = now; }
  void welcomed();
  /// There is no session, for this reason. `certain`: the peer itself said so, and what the link thinks of it later counts less.
  /// Returns whether the reason is another one than before.
  bool lost(std::string_view reason, Steady::time_point now, bool certain);
  /// A sentence with place, reason and time. Empty while there is a session, and before the first attempt has failed.
  std::string describe(Steady::time_point now) const;

 private:
  const std::string endpoint_;
  std::string reason_;
  bool certain_ = false;
  Steady::time_point since_{}, greeting_{};
  std::chrono::system_clock::time_point since_wall_{};
};

/// "12s", "1m30s": whole seconds from two seconds on, milliseconds below.
std::string rough(std::chrono::milliseconds time);

}  // namespace ackwire::client
