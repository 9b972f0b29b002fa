// SPDX-License-Identifier: GPL-3.0-only
// From samples and state to what tiles and charts show. Pure functions.
#pragma once

#include <ackwire/stats.hpp>

#include <span>
#include <vector>

#include "models/history.hpp"
#include "models/metrics.hpp"
#include "widgets/kpi_tile.hpp"

namespace ackwire::dashboard {

KpiFigure success_figure(std::span<const Sample> samples);
KpiFigure redelivered_figure(std::span<const Sample> samples);
KpiFigure suppressed_figure(std::span<const Sample> samples);
/// `depth_limit` 0: several queues, no limit to compare with.
KpiFigure depth_figure(const Backlog& backlog, std::span<const Sample> samples, std::uint64_t depth_limit);
KpiFigure dead_figure(const Backlog& backlog, std::span<const Sample> samples);

/// Lines per chart, in the order of the chart's styles.
std::vector<std::vector<Segment>> throughput_lines(std::span<const Sample> samples, Duration slot, Timestamp now);
std::vector<std::vector<Segment>> latency_lines(std::span<const Sample> samples, Duration slot);
std::vector<std::vector<Segment>> depth_lines(std::span<const Sample> samples, Duration slot);

}  // namespace ackwire::dashboard
