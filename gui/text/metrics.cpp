// SPDX-License-Identifier: GPL-3.0-only
#include "text/metrics.hpp"

#include <algorithm>

namespace ackwire::dashboard {
namespace {

constexpr double success_target = 0.9999, success_floor = 0.999;
constexpr double redelivery_warn = 0.05, redelivery_critical = 0.5;
constexpr double depth_warn = 0.5, depth_critical = 0.9;
constexpr double dead_per_outcome_critical = 5.0 / 10'000;

std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Totals totals(std::span<const Sample> samples) {
  Totals sum;
  for (const auto& sample : samples) {
    sum.published += sample.published;
    sum.suppressed += sample.suppressed;
    sum.refused += sample.refused;
    sum.delivered += sample.delivered;
    sum.redelivered += sample.redelivered;
    sum.acked += sample.acked;
    sum.nacked += sample.nacked;
    sum.dead_lettered += sample.dead_lettered;
    sum.expired += sample.expired;
    sum.lease_expired += sample.lease_expired;
  }
  return sum;
}

std::optional<double> delivery_success(const Totals& t) { return share(t.acked, t.acked + t.dead_lettered + t.expired); }
std::optional<double> redelivered_share(const Totals& t) { return share(t.redelivered, t.delivered); }
std::optional<double> suppressed_share(const Totals& t) { return share(t.suppressed, t.published + t.suppressed); }

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double fullness(const QueueInfo& queue) {
  return std::max(share_of(queue.depth, queue.policy.max_depth), share_of(queue.depth_bytes, queue.policy.max_depth_bytes));
}

Backlog backlog(const QueueInfo& queue) {
  Backlog sum;
  sum.known = true;
  sum.depth = queue.depth;
  sum.fullness = fullness(queue);
  sum.full = sum.fullness >= 1 ? 1 : 0;
  for (const auto& group : queue.groups) {
    sum.ready += group.ready;
    sum.leased += group.leased;
    sum.delayed += group.delayed;
    sum.dead += group.dead;
    sum.dead_lettered += group.dead_lettered;
    sum.redriven += group.redriven;
    sum.consumers += group.consumers;
    if (group.consumers == 0 && group.ready + group.delayed > 0 && !queue.policy.paused && !group.paused) ++sum.unconsumed;
    sum.oldest_age = std::max(sum.oldest_age, group.oldest_age);
  }
  return sum;
}

Backlog backlog(const BrokerStats& stats, std::string_view queue) {
  Backlog sum;
  sum.known = queue.empty();
  for (const auto& info : stats.queues) {
    if (!queue.empty() && info.name != queue) continue;
    const auto one = backlog(info);
    sum.known = true;
    sum.depth += one.depth;
    sum.ready += one.ready;
    sum.leased += one.leased;
    sum.delayed += one.delayed;
    sum.dead += one.dead;
    sum.dead_lettered += one.dead_lettered;
    sum.redriven += one.redriven;
    sum.consumers += one.consumers;
    sum.fullness = std::max(sum.fullness, one.fullness);
    sum.full += one.full;
    sum.unconsumed += one.unconsumed;
    sum.oldest_age = std::max(sum.oldest_age, one.oldest_age);
  }
  return sum;
}

Level success_level(std::optional<double> value) {
  if (!value) return Level::none;
  return *value >= success_target ? Level::ok : *value >= success_floor ? Level::warn : Level::critical;
}

Level redelivery_level(std::optional<double> value) {
  if (!value) return Level::none;
  return *value <= redelivery_warn ? Level::ok : *value <= redelivery_critical ? Level::warn : Level::critical;
}

Level depth_level(std::uint64_t depth, std::uint64_t limit) {
  return limit == 0 ? Level::none : fill_level(share_of(depth, limit));
}

Level fill_level(double used) { return used > depth_critical ? Level::critical : used > depth_warn ? Level::warn : Level::ok; }

Level dead_level(std::uint64_t dead, const Totals& t) {
  if (dead == 0) return Level::ok;
  const auto rate = share(t.dead_lettered, t.acked + t.dead_lettered + t.expired);
  return rate && *rate > dead_per_outcome_critical ? Level::critical : Level::warn;
}

}  // namespace ackwire::dashboard
