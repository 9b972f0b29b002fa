// Every fixed limit by name, with its unit. Limits that an operator can change are in queue.hpp and broker.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ackwire::limits {

inline constexpr std::size_t name_bytes = 128;             ///< queue and group names
inline constexpr std::size_t idempotency_key_bytes = 128;  ///< any bytes
inline constexpr std::size_t ordering_key_bytes = 255;     ///< any bytes
inline constexpr std::size_t header_count = 64;
inline constexpr std::size_t header_name_bytes = 255;
inline constexpr std::size_t headers_bytes = 16 * 1024;      ///< all names and values of one message
inline constexpr std::size_t message_bytes = 1024 * 1024;    ///< body of one message
inline constexpr std::size_t batch_messages = 10'000;        ///< one atomic batch
inline constexpr std::size_t batch_bytes = 4 * 1024 * 1024;  ///< encoded records of one atomic batch
inline constexpr std::size_t frame_bytes = 8 * 1024 * 1024;  ///< one frame on the wire
inline constexpr std::size_t error_text_bytes = 1024;        ///< a consumer's error or reason; longer is cut
inline constexpr std::size_t errors_kept = 32;               ///< error history of one message; the oldest go first
inline constexpr std::uint32_t credit = 100'000;             ///< unsettled messages of one consumer
inline constexpr std::uint32_t page_messages = 1'000;        ///< one page of peek, dlq list; one chunk of redrive, purge
inline constexpr std::size_t page_bytes = 4 * 1024 * 1024;   ///< the same, in bytes of the messages as they are stored
inline constexpr std::size_t page_shown_bytes = 256 * 1024;  ///< of one page of peek and dlq list, as shown; one is always shown
inline constexpr std::uint32_t queues = 10'000;
inline constexpr std::uint32_t groups_per_queue = 64;
inline constexpr std::uint32_t jobs = 64;      ///< that run at once
inline constexpr std::size_t jobs_kept = 100;  ///< of those that have ended; the oldest go first
inline constexpr std::uint32_t consumers_per_connection = 1'000;
inline constexpr std::chrono::milliseconds visibility_timeout_min{100};
inline constexpr std::chrono::milliseconds visibility_timeout_max{std::chrono::hours{12}};
inline constexpr std::chrono::milliseconds delay_max{std::chrono::hours{24 * 366}};
inline constexpr std::chrono::milliseconds ttl_max{std::chrono::hours{24 * 3653}};
inline constexpr std::chrono::milliseconds log_pause{10'000};  ///< between two log lines about the same thing
inline constexpr std::chrono::milliseconds dedupe_window_max{std::chrono::hours{24 * 7}};

}  // namespace ackwire::limits
