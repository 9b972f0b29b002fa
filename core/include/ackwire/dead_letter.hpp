// The dead-letter queue: what could not be processed, kept with its whole history until a person decides.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/field.hpp"
#include "ackwire/message.hpp"

namespace ackwire {

enum class DeadReason : std::uint8_t {
  max_attempts = 1,  ///< the retry policy was spent
  rejected = 2,      ///< a consumer said it can never be processed
  expired = 3,       ///< its time to live passed
  damaged = 4,       ///< its stored bytes failed their checksum; kept as they are
};
std::string_view name(DeadReason reason) noexcept;
template <>
inline constexpr auto words<DeadReason> = std::to_array<std::pair<std::string_view, DeadReason>>({
    {"max_attempts", DeadReason::max_attempts},
    {"rejected", DeadReason::rejected},
    {"expired", DeadReason::expired},
    {"damaged", DeadReason::damaged},
});

/// One failed attempt.
struct AttemptError {
  Timestamp time{};
  std::uint32_t delivery = 0;
  std::string text;
};
template <>
inline constexpr auto fields<AttemptError> = Fields{
    field("time", &AttemptError::time, "when it failed"),
    field("delivery", &AttemptError::delivery, "which hand-over of the message"),
    field("text", &AttemptError::text, "the consumer's words, or \"lease expired\", \"consumer disconnected\"; at most 1 KiB"),
};
template <>
inline constexpr AboutType about<AttemptError>{"AttemptError", "One failed attempt of a dead letter."};

/// A message that waits for a person. Owns its bytes.
struct DeadLetter {
  std::uint64_t sequence = 0;
  DeadReason reason = DeadReason::max_attempts;
  std::string detail;
  std::uint32_t deliveries = 0, attempts = 0, redrives = 0;
  Timestamp publish_time{}, dead_time{};
  std::vector<AttemptError> errors;
  std::string idempotency_key, ordering_key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::uint64_t body_bytes = 0;
};
template <>
inline constexpr auto fields<DeadLetter> = Fields{
    field("sequence", &DeadLetter::sequence, "position in the queue").must(),
    field("reason", &DeadLetter::reason, "why it is here").must(),
    field("detail", &DeadLetter::detail, "of the rejection, or of the last error"),
    field("deliveries", &DeadLetter::deliveries, "how often it was handed out"),
    field("attempts", &DeadLetter::attempts, "how many of them were begun"),
    field("redrives", &DeadLetter::redrives, "how often it went back to its group"),
    field("publish_time", &DeadLetter::publish_time, "when it was published"),
    field("dead_time", &DeadLetter::dead_time, "when it became a dead letter"),
    field("errors", &DeadLetter::errors, "its failed attempts, oldest first, the last 32"),
    field("idempotency_key", &DeadLetter::idempotency_key, "the producer's key").counted_as(Unit::key),
    field("ordering_key", &DeadLetter::ordering_key, "the producer's ordering key").counted_as(Unit::key),
    field("headers", &DeadLetter::headers, "the producer's headers"),
    field("body", &DeadLetter::body, "cut at the body_bytes asked for").counted_as(Unit::content),
    field("body_bytes", &DeadLetter::body_bytes, "the whole length"),
};
template <>
inline constexpr AboutType about<DeadLetter>{"DeadLetter", "A message that waits for a person, with its whole history."};

/// Which dead letters. All conditions must hold; an empty filter means all.
struct DeadFilter {
  std::optional<DeadReason> reason;
  std::vector<std::uint64_t> sequences;
};
template <>
inline constexpr auto fields<DeadFilter> = Fields{
    field("reason", &DeadFilter::reason, "only those with it"),
    field("sequences", &DeadFilter::sequences, "only these, at most 1,000"),
};
template <>
inline constexpr AboutType about<DeadFilter>{"DeadFilter", "Which dead letters: all conditions must hold, none means all."};

/// One page of dead letters.
struct DeadPage {
  std::vector<DeadLetter> letters;
  std::uint64_t next = 0;
  std::uint64_t total = 0;
};
template <>
inline constexpr auto fields<DeadPage> = Fields{
    field("letters", &DeadPage::letters, "by sequence").must(),
    field("next", &DeadPage::next, "pass as `from` for the next page; 0: no more"),
    field("total", &DeadPage::total, "dead letters of the group, the filter aside"),
};
template <>
inline constexpr AboutType about<DeadPage>{"DeadPage", "One page of dead letters."};

/// The outcome of a redrive or discard.
struct DeadMoved {
  std::uint64_t moved = 0;
  std::vector<std::uint64_t> not_found;
};
template <>
inline constexpr auto fields<DeadMoved> = Fields{
    field("moved", &DeadMoved::moved, "how many were").must(),
    field("not_found", &DeadMoved::not_found, "of the sequences asked for"),
};
template <>
inline constexpr AboutType about<DeadMoved>{"DeadMoved", "The outcome of a redrive or discard."};

/// A message looked at without any effect on it.
struct PeekedMessage {
  std::uint64_t sequence = 0;
  std::string state;
  std::uint32_t deliveries = 0, attempts = 0;
  Timestamp publish_time{};
  Timestamp due{};
  std::string idempotency_key, ordering_key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::uint64_t body_bytes = 0;
};
template <>
inline constexpr auto fields<PeekedMessage> = Fields{
    field("sequence", &PeekedMessage::sequence, "position in the queue").must(),
    field("state", &PeekedMessage::state, "\"ready\", \"delayed\" or \"leased\""),
    field("deliveries", &PeekedMessage::deliveries, "how often it was handed out"),
    field("attempts", &PeekedMessage::attempts, "how many of them were begun"),
    field("publish_time", &PeekedMessage::publish_time, "when it was published"),
    field("due", &PeekedMessage::due, "when a delayed message becomes ready").none_at_zero(),
    field("idempotency_key", &PeekedMessage::idempotency_key, "the producer's key").counted_as(Unit::key),
    field("ordering_key", &PeekedMessage::ordering_key, "the producer's ordering key").counted_as(Unit::key),
    field("headers", &PeekedMessage::headers, "the producer's headers"),
    field("body", &PeekedMessage::body, "cut at the body_bytes asked for").counted_as(Unit::content),
    field("body_bytes", &PeekedMessage::body_bytes, "the whole length"),
};
template <>
inline constexpr AboutType about<PeekedMessage>{"PeekedMessage", "A message looked at without any effect on it."};

/// One page of messages.
struct PeekPage {
  std::vector<PeekedMessage> messages;
  std::uint64_t next = 0;
};
template <>
inline constexpr auto fields<PeekPage> = Fields{
    field("messages", &PeekPage::messages, "by sequence").must(),
    field("next", &PeekPage::next, "pass as `from` for the next page; 0: no more"),
};
template <>
inline constexpr AboutType about<PeekPage>{"PeekPage", "One page of messages that are not settled."};

}  // namespace ackwire
