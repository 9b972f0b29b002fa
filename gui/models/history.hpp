// SPDX-License-Identifier: GPL-3.0-only
// The past as the charts see it.
#pragma once

#include <ackwire/stats.hpp>

#include <QPointF>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace ackwire::dashboard {

enum class TimeRange : std::uint8_t { five_minutes, hour, day, month };

Duration span_of(TimeRange range);
/// The coarsest history that still shows the range well: 1 s for an hour, 10 s for a day, 5 min for a month.
Resolution resolution_of(TimeRange range);
Duration slot_of(Resolution resolution);

/// Samples in order of time, one a slot, bounded by what the broker keeps.
class History {
 public:
  void reset(Resolution resolution);
  Resolution resolution() const { return resolution_; }
  /// Adds samples; one for a slot that is known replaces it.
  void merge(std::span<const Sample> samples);
  /// Those whose slot begins at or after `from`.
  std::span<const Sample> since(Timestamp from) const;
  bool empty() const { return samples_.empty(); }
  std::size_t size() const { return samples_.size(); }

 private:
  Resolution resolution_ = Resolution::second;
  std::vector<Sample> samples_;
};

using Segment = std::vector<QPointF>;  ///< x: seconds since the epoch, y: the value
using Measure = std::function<std::optional<double>(const Sample&)>;

/// Lines through the samples, broken where slots are missing or the measure has no value. A lone sample becomes a short dash.
std::vector<Segment> segments(std::span<const Sample> samples, Duration slot, const Measure& measure);

/// Keeps at most four points a pixel column (first, least, greatest, last), so that no spike is lost and no pixel is drawn twice.
Segment decimate(const Segment& points, double from, double to, int columns);

/// Round numbers that cover [low, high] in at most `count` steps; step is 1, 2 or 5 times a power of ten.
struct Ticks {
  double first = 0, step = 1;
  int count = 0;
  double last() const { return first + step * (count - 1); }
};
Ticks nice_ticks(double low, double high, int count);
/// Steps of a clock: 1 s to 7 d. `offset_seconds` is the zone's distance from UTC, so that days begin at midnight.
Ticks time_ticks(double from, double to, int count, int offset_seconds);

}  // namespace ackwire::dashboard
