#include "ackwire/error.hpp"

#include "ackwire/dead_letter.hpp"
#include "ackwire/log.hpp"
#include "ackwire/version.hpp"

namespace ackwire {

std::string_view version() noexcept { return "0.1.0"; }

std::string_view name(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
    case LogLevel::critical: return "critical";
  }
  return "info";
}

std::string_view name(DeadReason reason) noexcept {
  const std::string_view word = word_of(reason);
  return word.empty() ? "unknown" : word;
}

std::string_view name(Errc code) noexcept {
  switch (code) {
#define ACKWIRE_NAME(x) \
  case Errc::x: return #x;
    ACKWIRE_NAME(ok)
    ACKWIRE_NAME(invalid_name)
    ACKWIRE_NAME(invalid_argument)
    ACKWIRE_NAME(out_of_range)
    ACKWIRE_NAME(too_large)
    ACKWIRE_NAME(invalid_headers)
    ACKWIRE_NAME(invalid_key)
    ACKWIRE_NAME(key_conflict)
    ACKWIRE_NAME(invalid_batch)
    ACKWIRE_NAME(no_queue)
    ACKWIRE_NAME(no_group)
    ACKWIRE_NAME(queue_exists)
    ACKWIRE_NAME(not_empty)
    ACKWIRE_NAME(not_found)
    ACKWIRE_NAME(stale_lease)
    ACKWIRE_NAME(bad_token)
    ACKWIRE_NAME(overloaded)
    ACKWIRE_NAME(indeterminate)
    ACKWIRE_NAME(timeout)
    ACKWIRE_NAME(disconnected)
    ACKWIRE_NAME(closed)
    ACKWIRE_NAME(forked)
    ACKWIRE_NAME(reentrant)
    ACKWIRE_NAME(frame_short)
    ACKWIRE_NAME(bad_magic)
    ACKWIRE_NAME(unsupported_version)
    ACKWIRE_NAME(unknown_operation)
    ACKWIRE_NAME(bad_length)
    ACKWIRE_NAME(trailing_bytes)
    ACKWIRE_NAME(too_many_frames)
    ACKWIRE_NAME(request_reused)
    ACKWIRE_NAME(bad_checksum)
    ACKWIRE_NAME(no_session)
    ACKWIRE_NAME(store_in_use)
    ACKWIRE_NAME(store_invalid)
    ACKWIRE_NAME(store_emptied)
    ACKWIRE_NAME(store_version)
    ACKWIRE_NAME(store_rollback)
    ACKWIRE_NAME(store_damaged)
    ACKWIRE_NAME(store_unsafe)
    ACKWIRE_NAME(io)
    ACKWIRE_NAME(store_full)
    ACKWIRE_NAME(failed)
    ACKWIRE_NAME(insecure_bind)
    ACKWIRE_NAME(bad_config)
    ACKWIRE_NAME(internal)
#undef ACKWIRE_NAME
  }
  return "unknown";
}

}  // namespace ackwire
