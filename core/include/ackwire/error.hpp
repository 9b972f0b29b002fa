// Errors: one closed family of codes, carried as values. C++ throws nothing of its own; Python maps each code to an exception.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ackwire {

/// Why a call did not succeed. The numbers are permanent: they travel on the wire.
enum class Errc : std::uint16_t {
  ok = 0,
  // The request itself is wrong; repeating it unchanged cannot help. Nothing was stored or changed.
  invalid_name = 1,      ///< queue, group or header name breaks the naming rule
  invalid_argument = 2,  ///< a value is of the wrong form
  out_of_range = 3,      ///< a number or duration is outside its named limit
  too_large = 4,         ///< message, batch or frame is over its limit
  invalid_headers = 5,   ///< too many headers, too many bytes, or a bad header
  invalid_key = 6,       ///< idempotency or ordering key empty-when-required or too long
  key_conflict = 7,      ///< same idempotency key inside the window, but another body
  invalid_batch = 8,     ///< one message of an atomic batch is bad; `index` says which
  // The world is not as the request assumes. Nothing was stored or changed.
  no_queue = 20,
  no_group = 21,
  queue_exists = 22,  ///< it exists with another policy
  not_empty = 23,     ///< the queue still holds messages
  not_found = 24,
  stale_lease = 25,  ///< the lease ended, or the token is of an earlier delivery or broker start
  bad_token = 26,    ///< the token was never valid for this consumer
  // Try again later: nothing was stored, `retry_after` says when.
  overloaded = 40,
  // The outcome is not known to the caller. A publish may be repeated safely by the same client: it is never stored twice.
  indeterminate = 50,
  timeout = 51,       ///< the deadline passed; for publishes and settles the outcome is indeterminate
  disconnected = 52,  ///< no connection to the broker
  // The handle cannot be used any more.
  closed = 60,
  forked = 61,     ///< the process forked after the handle was made
  reentrant = 62,  ///< called from inside its own callback
  // The wire.
  frame_short = 70,
  bad_magic = 71,
  unsupported_version = 72,
  unknown_operation = 73,
  bad_length = 74,
  trailing_bytes = 75,
  too_many_frames = 76,
  request_reused = 77,
  bad_checksum = 78,
  no_session = 79,  ///< the broker does not know this session: say hello again
  // The store.
  store_in_use = 90,
  store_invalid = 91,
  store_emptied = 92,
  store_version = 93,
  store_rollback = 94,
  store_damaged = 95,
  store_unsafe = 96,  ///< file system or permissions are not fit for a store
  io = 97,
  store_full = 98,
  failed = 99,  ///< a commit failed: nothing is confirmed again until the broker is reopened
  // Configuration and start.
  insecure_bind = 110,
  bad_config = 111,
  internal = 120,
};

/// The code as users see it everywhere, e.g. "stale_lease". Never null, static storage.
std::string_view name(Errc code) noexcept;

/// What happened, what was not lost, and what to do; one sentence each in `message`.
struct Error {
  Errc code = Errc::internal;
  std::string message;
  /// For `overloaded`: wait at least this long before trying again. 0 otherwise.
  std::chrono::milliseconds retry_after{0};
  /// For a batch: the index of the first message at fault. For a redrive, discard or purge that ended early: how many were done.
  std::optional<std::size_t> index = std::nullopt;
};

/// A value or an Error. Distinct objects may be used from distinct threads.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  /// Requires ok().
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  /// Requires !ok().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}
  bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  /// Requires !ok().
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace ackwire
