// How many messages a consumer asks the broker for: what its application has in hand, and as many more as it takes in a moment. So
// a slow handler does not sit on messages that another consumer could work on, and a fast one never waits for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "client/gate.hpp"

namespace ackwire::client {

/// Pure arithmetic over the time it is given. Not thread-safe.
class ReadAhead {
 public:
  /// What the application takes in this time is asked for ahead: many round trips, and little for whoever waits.
  static constexpr Duration horizon{100};

  ReadAhead(std::uint32_t credit, std::uint32_t concurrency) : credit_(credit), concurrency_(concurrency) {}

  void set_credit(std::uint32_t credit) { credit_ = credit; }
  /// The application asks for up to `messages` in one call.
  void asked(std::size_t messages);
  /// It was given `messages`.
  void took(std::uint64_t messages, Clock::time_point now);
  /// As many as were not begun went back because another consumer waits.
  void gave_back(std::uint64_t messages);

  /// Messages that may be unsettled at once while the application has `open` in hand. Never over the application's own credit.
  std::uint32_t window(std::uint64_t open) const;
  /// The credit to tell a broker that knows `told`; nothing while that is near enough.
  std::optional<std::uint32_t> change(std::uint64_t open, std::uint32_t told) const;

 private:
  std::uint64_t lead() const;

  std::uint32_t credit_;
  std::uint32_t concurrency_;
  std::uint32_t asked_ = 1;
  std::uint64_t ahead_ = 1;
  std::uint64_t taken_ = 0;  // since `since_`
  Clock::time_point since_{};
};

}  // namespace ackwire::client
