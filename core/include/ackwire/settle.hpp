// Settling: what a consumer does with a message that it was handed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ackwire/message.hpp"

namespace ackwire {

/// What a settle does. The numbers are permanent: they travel on the wire.
enum class SettleKind : std::uint8_t {
  ack = 1,      ///< processed: never delivered again to this group
  nack = 2,     ///< failed: an attempt is charged, it comes back after its backoff
  reject = 3,   ///< can never be processed: straight to the dead letters
  release = 4,  ///< not tried: ready again at once, no attempt charged
  extend = 5,   ///< not settled: its lease ends later
};

/// The kind as it is spelt everywhere, e.g. "ack". Static storage; empty for a number that is no kind.
std::string_view name(SettleKind kind) noexcept;
/// The kind of that name or number, if there is one.
std::optional<SettleKind> settle_kind(std::string_view name) noexcept;
std::optional<SettleKind> settle_kind(std::uint8_t number) noexcept;

/// One settle of any kind.
struct Settlement {
  SettleKind kind = SettleKind::ack;
  /// nack: the delay, 0 to limits::delay_max; not set: the queue's backoff policy decides. extend: how long the lease goes on from
  /// now. Nothing to the others.
  std::optional<Duration> duration;
  /// nack: the error, kept in the history; reject: the reason. Cut at limits::error_text_bytes. Read during the call only.
  std::string_view text;
};

/// What became of a settle call. The first settle of a delivery that is answered decides: a repeat of the same call counts as
/// applied (or stale) as that one did, any other is stale. This holds after close() and after a reconnect, for the latest 1,024
/// runs of neighbours that were settled on this Consumer.
struct Settled {
  std::size_t applied = 0;           ///< now true and durable
  std::vector<std::uint64_t> stale;  ///< sequences whose lease had ended, by time or by a settle: the call changed nothing for them
};

}  // namespace ackwire
