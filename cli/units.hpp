// Durations, sizes and counts as people write them: "30s", "1h30m", "64MiB". One reader for flags and settings files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire::cli {

/// A whole number with a unit of ms, s, m, h or d; units may be combined from large to small ("1h30m"). "0" needs no unit.
/// Errors: invalid_argument with what was meant, out_of_range over 2^63 ms.
Result<Duration> parse_duration(std::string_view text);

/// A whole number of bytes, or with a unit of B, KiB, MiB, GiB or TiB. Decimal units are refused with the binary one that
/// was probably meant: "5mb" suggests "5MiB".
Result<std::uint64_t> parse_bytes(std::string_view text);

/// A whole number, no sign.
Result<std::uint64_t> parse_count(std::string_view text);

/// A finite decimal number.
Result<double> parse_real(std::string_view text);

/// "250ms", "30s", "1h30m", "7d": reads back as the same duration. Negative durations have a leading minus.
std::string format_duration(Duration duration);

/// The largest unit that divides it exactly ("64MiB"), else one decimal of the largest fitting unit ("1.4MiB").
std::string format_bytes(std::uint64_t bytes);

/// RFC 3339 in UTC with milliseconds: "2026-01-31T08:15:30.250Z".
std::string format_time(Timestamp time);

}  // namespace ackwire::cli
