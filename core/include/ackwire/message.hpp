// A message as a producer hands it over, and as a consumer receives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace ackwire {

using Duration = std::chrono::milliseconds;
/// Milliseconds since the Unix epoch, in broker time.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// One header. Names are UTF-8 without control characters; values are any bytes but NUL. Names may not repeat.
struct Header {
  std::string_view name;
  std::string_view value;
};

/// What a producer publishes. All views are read during the call only: the caller keeps ownership.
struct Message {
  /// Any bytes, may be empty, at most limits::message_bytes.
  std::string_view body;
  /// Suppresses repeats within the queue's `dedupe_window`. Empty: no suppression.
  std::string_view idempotency_key;
  /// Carried to the consumer. Empty: none.
  std::string_view ordering_key;
  std::span<const Header> headers;
  /// Not delivered before publish time + delay. Default 0: at once. At most limits::delay_max.
  Duration delay{0};
  /// Expires at publish time + ttl, then goes where the queue's `on_expiry` says. Default 0: the queue's own ttl.
  Duration ttl{0};
};

/// What a publish returns, after the synced commit.
struct Receipt {
  std::uint64_t sequence = 0;  ///< position in the queue; rises strictly, never reused
  bool duplicate = false;      ///< true: the key was known; `sequence` is the original message's, nothing was stored
  /// Of a duplicate: it was published with other headers, another ordering key, or with a delay or ttl where the original had none
  /// (or the other way round). What the original was published with holds. False for originals of version 0.1.
  bool differs = false;
};

/// Names one delivery of one message. A settle is applied only when the token is the current lease (fencing).
/// `boot_epoch` rises with each broker start, `delivery` with each hand-over: usable as a fencing number downstream.
struct LeaseToken {
  std::uint64_t boot_epoch = 0;
  std::uint64_t sequence = 0;
  std::uint32_t delivery = 0;
  friend bool operator==(const LeaseToken&, const LeaseToken&) = default;
};

/// A received message. Cheap to copy; keeps the received frame alive, so the views stay valid as long as any copy lives.
/// Distinct objects may be used from distinct threads.
class Delivery {
 public:
  std::uint64_t sequence() const noexcept { return token_.sequence; }
  /// How often it was handed out, this time included (1 = first).
  std::uint32_t deliveries() const noexcept { return token_.delivery; }
  /// How many hand-overs were charged against `max_attempts`, this one included.
  std::uint32_t attempts() const noexcept { return attempts_; }
  Timestamp publish_time() const noexcept { return publish_time_; }
  const LeaseToken& lease_token() const noexcept { return token_; }
  std::string_view body() const noexcept { return body_; }
  std::string_view idempotency_key() const noexcept { return idempotency_key_; }
  std::string_view ordering_key() const noexcept { return ordering_key_; }
  /// Decodes on each call; the views point into the frame.
  std::vector<Header> headers() const;

 private:
  friend class DeliveryMaker;
  std::shared_ptr<const void> frame_;
  LeaseToken token_;
  std::uint32_t attempts_ = 0;
  std::uint32_t header_count_ = 0;
  Timestamp publish_time_{};
  std::string_view body_, idempotency_key_, ordering_key_, header_bytes_;
};

}  // namespace ackwire
