// The life of a message in one consumer group: states x inputs in one table. docs/lifecycle.md is generated from it, and the
// engine's tests walk it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ackwire::rules {

enum class State : std::uint8_t {
  none,       // not stored
  ready,      // waits for a consumer with credit
  delayed,    // waits for its due time
  leased,     // handed out, not settled
  dead,       // in the DLQ
  acked,      // final
  expired,    // final
  discarded,  // final
};

enum class Input : std::uint8_t {
  publish,
  publish_delayed,
  due,       // its time has come
  dispatch,  // handed to a consumer; deliveries + 1
  begin,     // its consumer began to process it; attempts + 1
  ack,
  nack,        // attempts left
  nack_spent,  // max_attempts reached
  reject,
  release,  // not charged
  extend,
  lease_end,        // time, disconnect or broker restart; attempts left
  lease_end_spent,  // the same, max_attempts reached
  ttl_dead_letter,  // its time to live passed, policy: dead letter
  ttl_discard,      // its time to live passed, policy: discard
  redrive,
  discard,  // by an operator, from the DLQ
  purge,
  damage,  // its stored bytes fail their checksum
};

inline constexpr std::size_t state_count = 8;
inline constexpr std::size_t input_count = 19;

/// The next state, or nullopt when the input does not apply in that state: it is refused and changes nothing.
std::optional<State> next(State state, Input input) noexcept;

std::string_view name(State state) noexcept;
std::string_view name(Input input) noexcept;
/// What the input means, one line, for the documentation.
std::string_view meaning(Input input) noexcept;
bool is_final(State state) noexcept;

}  // namespace ackwire::rules
