// SPDX-License-Identifier: GPL-3.0-only
// From samples and state to what tiles and charts show. Pure functions.
#pragma once

#include <ackwire/stats.hpp>

#include <span>
#include <vector>

#include "text/history.hpp"
#include "text/metrics.hpp"
#include "widgets/kpi_tile.hpp"

namespace ackwire::dashboard {

/// The samples of the time range, and the range: trends are drawn over time, not over samples.
struct Stretch {
  std::span<const Sample> samples;
  Timestamp from{}, until{};
};

KpiFigure success_figure(const Stretch& stretch);
KpiFigure redelivered_figure(const Stretch& stretch);
KpiFigure suppressed_figure(const Stretch& stretch);
/// Of several queues the fullest decides. Refused publishes of the range and groups without a consumer are no "ok" either.
KpiFigure depth_figure(const Backlog& backlog, const Stretch& stretch);
KpiFigure dead_figure(const Backlog& backlog, const Stretch& stretch);

/// Lines per chart, in the order of the chart's styles.
std::vector<std::vector<Segment>> throughput_lines(const Timeline& timeline, Duration slot, Timestamp now);
std::vector<std::vector<Segment>> latency_lines(const Timeline& timeline, Duration slot, Duration span);
std::vector<std::vector<Segment>> depth_lines(const Timeline& timeline, Duration slot);

}  // namespace ackwire::dashboard
