// Counts, numbers and times as people write them. Durations and sizes are read by the library, for every face alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"
#include "ackwire/units.hpp"

namespace ackwire::cli {

/// A whole number, no sign.
Result<std::uint64_t> parse_count(std::string_view text);

/// A finite decimal number.
Result<double> parse_real(std::string_view text);

/// RFC 3339 in UTC with milliseconds: "2026-01-31T08:15:30.250Z".
std::string format_time(Timestamp time);

}  // namespace ackwire::cli
