// Durations and sizes as people write them: "30s", "1h30m", "64MiB". One reader and one writer for every face.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire {

/// Numbers with a unit of w, d, h, m, s or ms, each unit at most once and the larger ones first: "30s", "1h30m", "1.5s", "1w 1d".
/// "0" needs no unit. Errors: invalid_argument with what was meant, also for what is finer than a millisecond; out_of_range when it
/// is negative or over 2^63 ms.
Result<Duration> parse_duration(std::string_view text);

/// A number of bytes, or with a unit of B, KiB, MiB, GiB or TiB: "64MiB", "1.5GiB". Decimal units are refused with the binary one
/// that was probably meant: "5mb" suggests "5MiB". Errors: invalid_argument, out_of_range over 2^64 bytes.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// "250ms", "30s", "1h30m", "7d": reads back as the same duration. Negative durations have a leading minus.
std::string format_duration(Duration duration);

/// The largest unit that divides it exactly ("64MiB"), else one decimal of the largest fitting unit ("1.4MiB").
std::string format_bytes(std::uint64_t bytes);

}  // namespace ackwire
