// SPDX-License-Identifier: GPL-3.0-only
// Figures as text. One spelling everywhere: "9,031", "48.1k/s", "99.993 %", "3 h 12 m". Pure functions.
#pragma once

#include <ackwire/dead_letter.hpp>

#include <QString>
#include <cstdint>
#include <optional>

namespace ackwire::dashboard {

enum class Zone : std::uint8_t { utc, local };

/// "9,031": every digit.
QString exact(std::uint64_t count);
/// At most four digits and a unit: "950", "48.1k", "3.20M".
QString compact(double value);
/// compact() with "/s".
QString rate(double per_second);
/// A share as percent: "99.993 %", "0.031 %", "0 %", "100 %". Never rounds up to 100 or down to 0. "–" when there is none.
QString percent(std::optional<double> share);
/// "< 1 s", "42 s", "6 m 02 s", "3 h 12 m", "12 d 4 h".
QString duration(Duration value);
/// "0.42 ms", "12.3 ms", "4.20 s", "–" for 0.
QString latency(double milliseconds);
/// "532 B", "64.0 KiB", "1.20 GiB".
QString bytes(std::uint64_t count);
/// "2026-11-23 14:03:07.412 UTC"; the zone is always printed. "–" for the epoch.
QString moment(Timestamp time, Zone zone);
/// "14:03:07", or with the day when `with_day`.
QString clock(Timestamp time, Zone zone, bool with_day = false);
/// "max attempts", "rejected", "expired", "damaged".
QString reason_name(DeadReason reason);
/// "1 attempt", "2 attempts".
QString counted(std::uint64_t count, const QString& one, const QString& many);
/// "never started", "1 attempt", "2 attempts".
QString attempts_made(std::uint32_t attempts);
/// The text with one full stop at its end, whether it came with one or not.
QString sentence(const QString& text);
/// Plain text as a tooltip that wraps; markup in it stays text.
QString tip(const QString& plain);

}  // namespace ackwire::dashboard
