// The dead-letter queue: what could not be processed, kept with its whole history until a person decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/message.hpp"

namespace ackwire {

enum class DeadReason : std::uint8_t {
  max_attempts = 1,  ///< the retry policy was spent
  rejected = 2,      ///< a consumer said it can never be processed
  expired = 3,       ///< its time to live passed
  damaged = 4,       ///< its stored bytes failed their checksum; kept as they are
};
std::string_view name(DeadReason reason) noexcept;

/// One failed attempt.
struct AttemptError {
  Timestamp time{};
  std::uint32_t delivery = 0;
  std::string text;  ///< the consumer's words, or "lease expired", "consumer disconnected"; cut at limits::error_text_bytes
};

/// A message that waits for a person. Owns its bytes.
struct DeadLetter {
  std::uint64_t sequence = 0;
  DeadReason reason = DeadReason::max_attempts;
  std::string detail;  ///< of the rejection, or of the last error
  std::uint32_t deliveries = 0, attempts = 0, redrives = 0;
  Timestamp publish_time{}, dead_time{};
  std::vector<AttemptError> errors;  ///< oldest first, at most limits::errors_kept
  std::string idempotency_key, ordering_key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;              ///< at most `body_bytes` of the query
  std::uint64_t body_bytes = 0;  ///< the whole length
};

/// Which dead letters. All conditions must hold; an empty filter means all.
struct DeadFilter {
  std::optional<DeadReason> reason;
  std::vector<std::uint64_t> sequences;  ///< at most limits::page_messages
};

struct DeadPage {
  std::vector<DeadLetter> letters;  ///< by sequence
  std::uint64_t next = 0;           ///< pass as `from` for the next page; 0 = no more
  std::uint64_t total = 0;          ///< dead letters of the group, the filter aside
};

/// The outcome of a redrive or discard.
struct DeadMoved {
  std::uint64_t moved = 0;
  std::vector<std::uint64_t> not_found;  ///< of DeadFilter::sequences
};

/// A message looked at without any effect on it.
struct PeekedMessage {
  std::uint64_t sequence = 0;
  std::string state;  ///< "ready", "delayed" or "leased"
  std::uint32_t deliveries = 0, attempts = 0;
  Timestamp publish_time{};
  Timestamp due{};  ///< of a delayed message
  std::string idempotency_key, ordering_key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::uint64_t body_bytes = 0;
};

struct PeekPage {
  std::vector<PeekedMessage> messages;
  std::uint64_t next = 0;  ///< pass as `from`; 0 = no more
};

}  // namespace ackwire
