// SPDX-License-Identifier: GPL-3.0-only
// The figures an operator decides by, and the formula of each. Pure functions.
#pragma once

#include <ackwire/stats.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace ackwire::dashboard {

/// Sums over a range of time.
struct Totals {
  std::uint64_t published = 0, suppressed = 0, refused = 0, delivered = 0, redelivered = 0, acked = 0, nacked = 0,
                dead_lettered = 0, expired = 0, lease_expired = 0;
};
Totals totals(std::span<const Sample> samples);

/// acked / (acked + dead-lettered + expired). What is still in flight is not a failure, so a burst does not look like an outage.
std::optional<double> delivery_success(const Totals& totals);
/// redelivered / delivered. The broker counts as redelivered the hand-overs of messages whose processing had begun before, so that
/// a release or a redrive, which a person or a shutdown asked for, is no duplicate.
std::optional<double> redelivered_share(const Totals& totals);
/// suppressed / (published + suppressed).
std::optional<double> suppressed_share(const Totals& totals);

/// Present state, of one queue or of all.
struct Backlog {
  bool known = false;  ///< false: no queue of that name
  std::uint64_t depth = 0, ready = 0, leased = 0, delayed = 0, dead = 0, dead_lettered = 0, redriven = 0;
  std::uint32_t consumers = 0;
  Duration oldest_age{0};
  double fullness = 0;           ///< of the fullest queue
  std::uint64_t full = 0;        ///< queues at their limit
  std::uint64_t unconsumed = 0;  ///< groups with messages and without a consumer, paused ones aside
};
/// part / whole, 0 for a whole of 0.
double share_of(std::uint64_t part, std::uint64_t whole);
/// How much of its nearer limit, in messages or in bytes, a queue has used; from 1 on it refuses publishes.
double fullness(const QueueInfo& queue);
Backlog backlog(const QueueInfo& queue);
/// Empty `queue`: all of them.
Backlog backlog(const BrokerStats& stats, std::string_view queue);

enum class Level : std::uint8_t { none, ok, warn, critical };
/// Of the article's targets: success below 99.99 % warns, below 99.9 % is critical.
Level success_level(std::optional<double> share);
/// Redeliveries: above 5 % warns, above 50 % is critical (every second hand-over is a repeat).
Level redelivery_level(std::optional<double> share);
/// Depth: above half of max_depth warns, above 90 % is critical. `limit` 0: no level.
Level depth_level(std::uint64_t depth, std::uint64_t limit);
/// The same of a share.
Level fill_level(double used);
/// Dead letters: any warns; more than 5 per 10,000 outcomes of the range is critical.
Level dead_level(std::uint64_t dead, const Totals& totals);

}  // namespace ackwire::dashboard
