// SPDX-License-Identifier: GPL-3.0-only
// The past as the charts see it.
#pragma once

#include <ackwire/stats.hpp>

#include <QPointF>
#include <functional>
#include <optional>
#include <span>
#include <utility>
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
  /// The last one before `from`, or null.
  const Sample* before(Timestamp from) const;
  bool empty() const { return samples_.empty(); }
  std::size_t size() const { return samples_.size(); }

 private:
  Resolution resolution_ = Resolution::second;
  std::vector<Sample> samples_;
};

/// The samples of a window of time with its quiet stretches filled in. A broker writes no sample for a slot in which nothing
/// happened, so a missing slot means: no events, and gauges as they were. Only from its last sample to its next start nothing is
/// known: a gap.
struct Timeline {
  std::vector<std::vector<Sample>> runs;        ///< without a gap inside; quiet stretches have a sample at both ends
  std::vector<std::pair<double, double>> gaps;  ///< seconds since the epoch
};
struct Outage {
  Timestamp from{};   ///< when the broker was last heard of; the epoch: not known, then its last sample counts
  Timestamp until{};  ///< when it started
};
struct Window {
  Timestamp from{}, until{};
  std::vector<Outage> outages;  ///< in order of time
  Duration slot{1'000};
  const Sample* before = nullptr;  ///< the last sample before `from`, if any
  Sample present;                  ///< only its gauges count: the state now
};
Timeline timeline(std::span<const Sample> samples, const Window& window);

using Segment = std::vector<QPointF>;  ///< x: seconds since the epoch, y: the value
using Measure = std::function<std::optional<double>(const Sample&)>;

/// Lines through the samples that have a value, broken between runs and where two values are further apart than `reach`
/// (Duration::max(): nowhere else). A lone point becomes a dash of one slot.
std::vector<Segment> segments(const Timeline& timeline, Duration slot, Duration reach, const Measure& measure);

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
