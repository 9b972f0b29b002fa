// SPDX-License-Identifier: GPL-3.0-only
#include "text/history.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace ackwire::dashboard {
namespace {

using namespace std::chrono_literals;

std::size_t capacity(Resolution resolution) {
  switch (resolution) {
    case Resolution::second: return 3'600;
    case Resolution::ten_seconds: return 8'640;
    case Resolution::five_minutes: return 8'640;
  }
  return 3'600;
}

double seconds(Timestamp time) { return static_cast<double>(time.time_since_epoch().count()) / 1e3; }

}  // namespace

Duration span_of(TimeRange range) {
  switch (range) {
    case TimeRange::five_minutes: return 5min;
    case TimeRange::hour: return 1h;
    case TimeRange::day: return 24h;
    case TimeRange::month: return 24h * 30;
  }
  return 1h;
}

Resolution resolution_of(TimeRange range) {
  switch (range) {
    case TimeRange::five_minutes:
    case TimeRange::hour: return Resolution::second;
    case TimeRange::day: return Resolution::ten_seconds;
    case TimeRange::month: return Resolution::five_minutes;
  }
  return Resolution::second;
}

Duration slot_of(Resolution resolution) {
  switch (resolution) {
    case Resolution::second: return 1s;
    case Resolution::ten_seconds: return 10s;
    case Resolution::five_minutes: return 5min;
  }
  return 1s;
}

void History::reset(Resolution resolution) {
  resolution_ = resolution;
  samples_.clear();
}

void History::merge(std::span<const Sample> samples) {
  for (const auto& sample : samples) {
    if (samples_.empty() || sample.time > samples_.back().time) {
      samples_.push_back(sample);
      continue;
    }
    const auto at =
        std::lower_bound(samples_.begin(), samples_.end(), sample, [](const auto& a, const auto& b) { return a.time < b.time; });
    if (at != samples_.end() && at->time == sample.time) {
      *at = sample;
    } else {
      samples_.insert(at, sample);
    }
  }
  // Trimmed in strides, so that a sample a second does not move the whole vector a second.
  const auto keep = capacity(resolution_);
  if (samples_.size() > keep + keep / 8) samples_.erase(samples_.begin(), samples_.end() - static_cast<std::ptrdiff_t>(keep));
}

std::span<const Sample> History::since(Timestamp from) const {
  const auto at = std::lower_bound(samples_.begin(), samples_.end(), from, [](const auto& s, auto t) { return s.time < t; });
  return {at, samples_.end()};
}

const Sample* History::before(Timestamp from) const {
  const auto later = since(from);
  const auto count = samples_.size() - later.size();
  return count == 0 ? nullptr : &samples_[count - 1];
}

Timeline timeline(std::span<const Sample> samples, const Window& window) {
  Timeline line;
  line.runs.emplace_back();
  const auto quiet = [&](Timestamp time, const Sample& gauges) {
    Sample sample;
    sample.time = time;
    sample.depth = gauges.depth, sample.leased = gauges.leased, sample.delayed = gauges.delayed, sample.dead = gauges.dead;
    line.runs.back().push_back(sample);
  };
  // Nothing happened from `begin` to `end`, but for starts of the broker in between.
  const auto stretch = [&](Timestamp begin, Timestamp end, const Sample& gauges, const Sample& at_end) {
    if (end - begin < window.slot) return;
    quiet(begin, gauges);
    Timestamp resumed = begin;
    for (const auto& outage : window.outages) {
      // A broker that was started in the middle of a slot counts from there; the slot begins before it.
      if (outage.until <= begin || outage.until >= end + window.slot) continue;
      const auto from = outage.from < outage.until ? std::max(resumed, outage.from) : resumed;
      const auto until = std::min(outage.until, end);
      if (from >= until) continue;
      if (from > line.runs.back().back().time) quiet(from, gauges);
      line.gaps.emplace_back(seconds(from), seconds(until));
      line.runs.emplace_back();
      quiet(until, gauges);
      resumed = until;
    }
    const auto closing = end - window.slot;
    if (resumed >= end) {
      line.runs.back().clear();  // the sample that follows begins the run
    } else if (closing > resumed) {
      quiet(closing, at_end);
    }
  };
  const Sample* last = window.before;
  if (!last && samples.empty() && window.present.depth + window.present.dead > 0) last = &window.present;
  Timestamp next = window.from;
  for (const auto& sample : samples) {
    if (last) stretch(next, sample.time, *last, *last);
    line.runs.back().push_back(sample);
    last = &sample;
    next = sample.time + window.slot;
  }
  // The newest slot is still being counted: no event yet does not mean none.
  if (last && window.until - next >= 2 * window.slot) stretch(next, window.until - window.slot, *last, window.present);
  return line;
}

std::vector<Segment> segments(const Timeline& timeline, Duration slot, Duration reach, const Measure& measure) {
  std::vector<Segment> lines;
  const double step = seconds(Timestamp{slot});
  for (const auto& run : timeline.runs) {
    bool open = false;
    Timestamp last{};
    const auto close = [&] {
      if (std::exchange(open, false) && lines.back().size() == 1) {
        lines.back().emplace_back(lines.back().front().x() + step, lines.back().front().y());
      }
    };
    for (const auto& sample : run) {
      const auto value = measure(sample);
      if (!value) continue;
      if (open && sample.time - last > reach) close();
      if (!open) lines.emplace_back();
      open = true;
      lines.back().emplace_back(seconds(sample.time), *value);
      last = sample.time;
    }
    close();
  }
  return lines;
}

Segment decimate(const Segment& points, double from, double to, int columns) {
  if (columns <= 0 || to <= from || points.size() <= static_cast<std::size_t>(columns)) return points;
  Segment out;
  out.reserve(static_cast<std::size_t>(columns) * 4);
  const double width = (to - from) / columns;
  std::size_t at = 0;
  while (at < points.size()) {
    const double column = std::floor((points[at].x() - from) / width);
    std::size_t end = at, least = at, greatest = at;
    while (end < points.size() && std::floor((points[end].x() - from) / width) == column) {
      if (points[end].y() < points[least].y()) least = end;
      if (points[end].y() > points[greatest].y()) greatest = end;
      ++end;
    }
    std::array<std::size_t, 4> kept{at, std::min(least, greatest), std::max(least, greatest), end - 1};
    std::size_t previous = std::numeric_limits<std::size_t>::max();
    for (const auto i : kept) {
      if (i != previous) out.push_back(points[i]);
      previous = i;
    }
    at = end;
  }
  return out;
}

Ticks nice_ticks(double low, double high, int count) {
  if (!(high > low)) high = low + 1;
  const double raw = (high - low) / std::max(count, 1);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double factor = raw / power;
  Ticks ticks;
  ticks.step = (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10) * power;
  ticks.first = std::floor(low / ticks.step) * ticks.step;
  ticks.count = static_cast<int>(std::ceil((high - ticks.first) / ticks.step - 1e-9)) + 1;
  return ticks;
}

Ticks time_ticks(double from, double to, int count, int offset_seconds) {
  static constexpr std::array<double, 20> steps{1,   2,     5,     10,    15,     30,     60,     120,    300,     600,
                                                900, 1'800, 3'600, 7'200, 10'800, 21'600, 43'200, 86'400, 172'800, 432'000};
  const double raw = (to - from) / std::max(count, 1);
  Ticks ticks;
  ticks.step = 604'800;
  for (const double step : steps) {
    if (step >= raw) {
      ticks.step = step;
      break;
    }
  }
  ticks.first = std::ceil((from + offset_seconds) / ticks.step) * ticks.step - offset_seconds;
  ticks.count = to >= ticks.first ? static_cast<int>((to - ticks.first) / ticks.step) + 1 : 0;
  return ticks;
}

}  // namespace ackwire::dashboard
