// SPDX-License-Identifier: GPL-3.0-only
#include "pages/figures.hpp"

#include <QObject>
#include <QStringList>
#include <algorithm>

#include "text/format.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t trend_points = 40;
constexpr int latency_reach_slots = 5;   ///< seconds without an ack that do not break a latency line,
constexpr int latency_reach_share = 60;  ///< or this part of the range

/// One value per fortieth of the range; one without a value repeats the one before, or is 0 when `resting`.
template <class Value>
std::vector<double> trend(const Stretch& stretch, bool resting, Value value) {
  std::vector<double> points;
  if (stretch.samples.size() < 2) return points;
  const auto width = (stretch.until - stretch.from) / trend_points;
  auto at = stretch.samples.begin();
  for (std::size_t i = 0; i < trend_points; ++i) {
    const auto begin = at;
    const auto end = stretch.from + width * static_cast<std::int64_t>(i + 1);
    while (at != stretch.samples.end() && (at->time < end || i + 1 == trend_points)) ++at;
    std::optional<double> point;
    if (begin != at) point = value(std::span<const Sample>(begin, at));
    // Before the first sample there is nothing to draw.
    if (!point && points.empty()) continue;
    points.push_back(point.value_or(resting ? 0.0 : points.back()));
  }
  return points;
}

QString full_percent(std::optional<double> share) {
  return share ? QString::number(*share * 100, 'g', 17) + QStringLiteral(" %") : QString();
}

}  // namespace

KpiFigure success_figure(const Stretch& stretch) {
  const auto sum = totals(stretch.samples);
  const auto share = delivery_success(sum);
  KpiFigure figure;
  figure.value = percent(share);
  figure.full = full_percent(share);
  figure.level = success_level(share);
  const auto failed = sum.dead_lettered + sum.expired;
  figure.detail =
      share ? QObject::tr("%1 acked, %2 not").arg(exact(sum.acked), exact(failed)) : QObject::tr("nothing finished in this range");
  figure.trend = trend(stretch, false, [](auto part) { return delivery_success(totals(part)); });
  return figure;
}

KpiFigure redelivered_figure(const Stretch& stretch) {
  const auto sum = totals(stretch.samples);
  const auto share = redelivered_share(sum);
  KpiFigure figure;
  figure.value = percent(share);
  figure.full = full_percent(share);
  figure.level = redelivery_level(share);
  figure.detail = QObject::tr("%1 of %2 hand-overs").arg(exact(sum.redelivered), exact(sum.delivered));
  figure.trend =
      trend(stretch, true, [](auto part) { return std::optional<double>(static_cast<double>(totals(part).redelivered)); });
  return figure;
}

KpiFigure suppressed_figure(const Stretch& stretch) {
  const auto sum = totals(stretch.samples);
  const auto share = suppressed_share(sum);
  KpiFigure figure;
  figure.value = percent(share);
  figure.full = full_percent(share);
  figure.level = share ? Level::ok : Level::none;  // a suppressed duplicate is the store doing its work
  figure.detail = QObject::tr("%1 of %2 publishes").arg(exact(sum.suppressed), exact(sum.published + sum.suppressed));
  figure.trend =
      trend(stretch, true, [](auto part) { return std::optional<double>(static_cast<double>(totals(part).suppressed)); });
  return figure;
}

KpiFigure depth_figure(const Backlog& backlog, const Stretch& stretch) {
  KpiFigure figure;
  figure.value = backlog.depth < 10'000'000 ? exact(backlog.depth) : compact(static_cast<double>(backlog.depth));
  figure.full = exact(backlog.depth);
  const auto refused = totals(stretch.samples).refused;
  figure.level = fill_level(backlog.fullness);
  if (refused + backlog.unconsumed > 0) figure.level = std::max(figure.level, Level::warn);
  QStringList details;
  if (backlog.full > 0) details << QObject::tr("%1 full").arg(counted(backlog.full, QObject::tr("queue"), QObject::tr("queues")));
  if (refused > 0) details << QObject::tr("%1 refused").arg(exact(refused));
  if (backlog.full == 0 && fill_level(backlog.fullness) != Level::ok)
    details << QObject::tr("fullest at %1").arg(percent(backlog.fullness));
  if (backlog.unconsumed > 0)
    details << counted(backlog.unconsumed, QObject::tr("group without consumer"), QObject::tr("groups without consumer"));
  if (details.isEmpty() && backlog.oldest_age.count() > 0) details << QObject::tr("oldest %1").arg(duration(backlog.oldest_age));
  if (details.size() < 2) details << QObject::tr("%1 leased").arg(exact(backlog.leased));
  figure.detail = details.join(QStringLiteral(", "));
  figure.trend = trend(stretch, false, [](auto part) { return std::optional<double>(static_cast<double>(part.back().depth)); });
  return figure;
}

KpiFigure dead_figure(const Backlog& backlog, const Stretch& stretch) {
  const auto sum = totals(stretch.samples);
  KpiFigure figure;
  figure.value = backlog.dead < 10'000'000 ? exact(backlog.dead) : compact(static_cast<double>(backlog.dead));
  figure.full = exact(backlog.dead);
  figure.level = dead_level(backlog.dead, sum);
  figure.detail = QObject::tr("+%1 in range, %2 redriven").arg(exact(sum.dead_lettered), exact(backlog.redriven));
  figure.trend = trend(stretch, false, [](auto part) { return std::optional<double>(static_cast<double>(part.back().dead)); });
  return figure;
}

std::vector<std::vector<Segment>> throughput_lines(const Timeline& timeline, Duration slot, Timestamp now) {
  const auto rate_of = [&](std::uint64_t Sample::*member) {
    return segments(timeline, slot, Duration::max(), [=](const Sample& sample) -> std::optional<double> {
      // The newest slot is still filling: its count belongs to the time that has passed, and a sliver of a slot says nothing.
      const auto time = std::clamp(now - sample.time, Duration{0}, slot);
      if (time < slot && (slot <= Duration{1'000} || time < slot / 4)) return std::nullopt;
      return static_cast<double>(sample.*member) * 1e3 / static_cast<double>(time.count());
    });
  };
  return {rate_of(&Sample::published), rate_of(&Sample::acked), rate_of(&Sample::delivered), rate_of(&Sample::redelivered)};
}

std::vector<std::vector<Segment>> latency_lines(const Timeline& timeline, Duration slot, Duration span) {
  const auto reach = std::max(slot * latency_reach_slots, span / latency_reach_share);
  const auto line = [&](double Sample::*member) {
    return segments(timeline, slot, reach, [=](const Sample& sample) -> std::optional<double> {
      if (!(sample.*member > 0)) return std::nullopt;
      return sample.*member;
    });
  };
  return {line(&Sample::latency_p50_ms), line(&Sample::latency_p95_ms), line(&Sample::latency_p99_ms)};
}

std::vector<std::vector<Segment>> depth_lines(const Timeline& timeline, Duration slot) {
  const auto line = [&](std::uint64_t Sample::*member) {
    return segments(timeline, slot, Duration::max(),
                    [=](const Sample& sample) { return std::optional<double>(static_cast<double>(sample.*member)); });
  };
  return {line(&Sample::depth), line(&Sample::leased), line(&Sample::delayed), line(&Sample::dead)};
}

}  // namespace ackwire::dashboard
