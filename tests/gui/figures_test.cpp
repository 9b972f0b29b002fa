// SPDX-License-Identifier: GPL-3.0-only
// From samples and snapshots to what charts, tiles and the line at the top say: no false green, no false alarm.
#include <QtTest>
#include <algorithm>
#include <cmath>

#include "text/findings.hpp"
#include "text/history.hpp"
#include "text/metrics.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using namespace std::chrono_literals;

class FiguresTest : public QObject {
  Q_OBJECT

 private slots:
  void samples_merge_by_slot();
  void quiet_time_is_drawn_at_rest();
  void quiet_time_before_the_first_event_is_known_from_earlier();
  void time_without_a_broker_is_a_gap();
  void a_broker_that_is_busy_at_once_leaves_the_gap();
  void each_start_that_was_seen_is_a_gap();
  void latency_breaks_where_nothing_was_acked();
  void decimation_keeps_spikes();
  void ticks_are_round();
  void metrics_follow_their_formulas();
  void the_nearer_limit_and_the_fullest_queue_count();
  void what_is_found_is_named_worst_first();
};

void FiguresTest::samples_merge_by_slot() {
  History history;
  history.reset(Resolution::second);
  std::vector<Sample> samples(5'000);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].time = Timestamp{Duration{static_cast<std::int64_t>(i) * 1'000}};
  history.merge(samples);
  QVERIFY(history.size() <= 3'600 + 450);
  const auto size = history.size();
  auto last = samples.back();
  last.acked = 9;
  history.merge({&last, 1});
  QCOMPARE(history.size(), size);
  QCOMPARE(history.since(last.time).front().acked, 9u);
}

namespace {

Timestamp at_second(int second) { return Timestamp{Duration{second * 1'000}}; }

std::vector<Sample> samples_at(std::initializer_list<int> seconds) {
  std::vector<Sample> samples;
  for (const int second : seconds) {
    samples.emplace_back().time = at_second(second);
    samples.back().depth = 5;
    samples.back().published = 10;
  }
  return samples;
}

std::vector<Outage> started_at(int second) { return {{{}, at_second(second)}}; }

std::optional<double> published(const Sample& s) { return static_cast<double>(s.published); }
std::optional<double> depth_of(const Sample& s) { return static_cast<double>(s.depth); }

}  // namespace

void FiguresTest::quiet_time_is_drawn_at_rest() {
  const auto samples = samples_at({11, 12, 20});
  Window window{.from = at_second(10), .until = at_second(30), .outages = started_at(1)};
  window.present.depth = 4;
  const auto line = timeline(samples, window);
  QVERIFY(line.gaps.empty());
  const auto rates = segments(line, 1s, Duration::max(), published);
  QCOMPARE(rates.size(), 1u);
  QCOMPARE(rates[0], (Segment{{11, 10}, {12, 10}, {13, 0}, {19, 0}, {20, 10}, {21, 0}, {28, 0}}));
  const auto depths = segments(line, 1s, Duration::max(), depth_of);
  QCOMPARE(depths[0].back(), QPointF(28, 4));  // the state now, not that of the last event
  QCOMPARE(depths[0][3], QPointF(19, 5));
}

void FiguresTest::quiet_time_before_the_first_event_is_known_from_earlier() {
  const auto samples = samples_at({20});
  Sample earlier;
  earlier.depth = 7;
  Window window{.from = at_second(10), .until = at_second(21), .outages = started_at(1)};
  QCOMPARE(segments(timeline(samples, window), 1s, Duration::max(), depth_of)[0].front().x(), 20.0);
  window.before = &earlier;
  QCOMPARE(segments(timeline(samples, window), 1s, Duration::max(), depth_of)[0].front(), QPointF(10, 7));
  Window still{.from = at_second(10), .until = at_second(30), .outages = started_at(1)};
  QVERIFY(timeline({}, still).runs.front().empty());
  still.present.depth = 3;  // nothing has happened for as long as anybody remembers, but something waits
  QCOMPARE(segments(timeline({}, still), 1s, Duration::max(), depth_of)[0].front(), QPointF(10, 3));
}

void FiguresTest::time_without_a_broker_is_a_gap() {
  const auto samples = samples_at({11, 12, 20});
  const Window window{.from = at_second(10), .until = at_second(21), .outages = started_at(17)};
  const auto line = timeline(samples, window);
  QCOMPARE(line.gaps, (std::vector<std::pair<double, double>>{{13.0, 17.0}}));
  const auto rates = segments(line, 1s, Duration::max(), published);
  QCOMPARE(rates.size(), 2u);
  QCOMPARE(rates[1].front(), QPointF(17, 0));
}

/// Its first slot begins before it did.
void FiguresTest::a_broker_that_is_busy_at_once_leaves_the_gap() {
  const auto samples = samples_at({11, 12, 17, 18});
  const Window window{.from = at_second(10), .until = at_second(19), .outages = {{{}, at_second(17) + 400ms}}};
  const auto line = timeline(samples, window);
  QCOMPARE(line.gaps, (std::vector<std::pair<double, double>>{{13.0, 17.0}}));
  const auto rates = segments(line, 1s, Duration::max(), published);
  QCOMPARE(rates.size(), 2u);
  QCOMPARE(rates[1].front(), QPointF(17, 10));  // no line at 0/s through the time without a broker
}

void FiguresTest::each_start_that_was_seen_is_a_gap() {
  const auto samples = samples_at({11, 12, 40});
  const Window window{
      .from = at_second(10), .until = at_second(41), .outages = {{at_second(15), at_second(17)}, {at_second(25), at_second(30)}}};
  const auto line = timeline(samples, window);
  QCOMPARE(line.gaps, (std::vector<std::pair<double, double>>{{15.0, 17.0}, {25.0, 30.0}}));
  const auto rates = segments(line, 1s, Duration::max(), published);
  QCOMPARE(rates.size(), 3u);
  QCOMPARE(rates[0].back(), QPointF(15, 0));  // it was heard of until then: quiet, not away
  QCOMPARE(rates[1], (Segment{{17, 0}, {25, 0}}));
  QCOMPARE(rates[2], (Segment{{30, 0}, {39, 0}, {40, 10}}));
}

void FiguresTest::latency_breaks_where_nothing_was_acked() {
  auto samples = samples_at({11, 12, 13, 14, 30});
  for (auto& sample : samples) sample.latency_p50_ms = 2;
  samples[2].latency_p50_ms = 0;
  const auto line = timeline(samples, {.from = at_second(10), .until = at_second(31), .outages = started_at(1)});
  const auto lines =
      segments(line, 1s, 5s, [](const Sample& s) { return s.latency_p50_ms > 0 ? std::optional(s.latency_p50_ms) : std::nullopt; });
  QCOMPARE(lines.size(), 2u);
  QCOMPARE(lines[0].size(), 3u);  // one second without an ack does not break it
  QCOMPARE(lines[1].size(), 2u);  // a lone point is a dash
}

void FiguresTest::decimation_keeps_spikes() {
  Segment points;
  for (int i = 0; i < 100'000; ++i) points.emplace_back(i, i == 54'321 ? 1e6 : i % 10);
  const auto kept = decimate(points, 0, 100'000, 500);
  QVERIFY(kept.size() <= 2'000);
  QVERIFY(std::any_of(kept.begin(), kept.end(), [](const QPointF& p) { return p.y() == 1e6; }));
  QVERIFY(std::is_sorted(kept.begin(), kept.end(), [](const QPointF& a, const QPointF& b) { return a.x() < b.x(); }));
}

void FiguresTest::ticks_are_round() {
  const auto values = nice_ticks(0, 1'437, 5);
  QCOMPARE(values.first, 0.0);
  QCOMPARE(values.step, 500.0);
  QCOMPARE(values.last(), 1'500.0);
  const auto times = time_ticks(1'700'000'003, 1'700'000'303, 6, 0);
  QCOMPARE(times.step, 60.0);
  QCOMPARE(std::fmod(times.first, 60.0), 0.0);
  const auto days = time_ticks(1'700'000'000, 1'700'000'000 + 30 * 86'400, 8, 3'600);
  QCOMPARE(std::fmod(days.first + 3'600, 86'400.0), 0.0);
}

void FiguresTest::metrics_follow_their_formulas() {
  Totals t;
  QCOMPARE(delivery_success(t), std::nullopt);
  t.acked = 9'999;
  t.dead_lettered = 1;
  t.delivered = 100;
  t.redelivered = 7;
  t.published = 98;
  t.suppressed = 2;
  QCOMPARE(*delivery_success(t), 0.9999);
  QCOMPARE(*redelivered_share(t), 0.07);
  QCOMPARE(*suppressed_share(t), 0.02);
  QCOMPARE(success_level(0.9999), Level::ok);
  QCOMPARE(success_level(0.99), Level::critical);
  QCOMPARE(dead_level(0, t), Level::ok);
  QCOMPARE(depth_level(95, 100), Level::critical);
}

namespace {

/// Two queues with a group each; consumers everywhere, nothing waits.
BrokerStats healthy() {
  BrokerStats stats;
  for (const auto* name : {"orders", "mail"}) {
    auto& queue = stats.queues.emplace_back();
    queue.name = name;
    queue.policy.max_depth = 1'000;
    queue.policy.max_depth_bytes = 1'000'000;
    queue.groups.emplace_back().name = "default";
    queue.groups.back().consumers = 2;
  }
  return stats;
}

}  // namespace

void FiguresTest::the_nearer_limit_and_the_fullest_queue_count() {
  auto stats = healthy();
  stats.queues[0].depth = 10;
  stats.queues[1].depth = 400;
  stats.queues[1].depth_bytes = 950'000;
  QCOMPARE(backlog(stats, {}).fullness, 0.95);
  QCOMPARE(backlog(stats, "orders").fullness, 0.01);
  stats.queues[1].depth_bytes = 1'000'000;
  QCOMPARE(backlog(stats, {}).full, 1u);
  QVERIFY(group_state(stats.queues[1], &stats.queues[1].groups[0], false).word.contains(QStringLiteral("full")));
}

void FiguresTest::what_is_found_is_named_worst_first() {
  auto stats = healthy();
  QCOMPARE(summed_up(stats, {}).level, Level::ok);
  stats.queues[0].groups[0].dead = 3;  // no fault of the moment, and not nothing either
  QCOMPARE(summed_up(stats, {}).level, Level::none);
  QVERIFY(summed_up(stats, {}).text.startsWith(QStringLiteral("3 dead letters wait for a person. No queue is near")));
  stats.queues[0].groups[0].dead = 0;
  QCOMPARE(group_state(stats.queues[0], &stats.queues[0].groups[0], false).word, QStringLiteral("● running"));
  auto& billing = stats.queues[0].groups.emplace_back();
  billing.name = "billing";
  QCOMPARE(summed_up(stats, {}).level, Level::ok);  // nothing waits for it
  QCOMPARE(group_state(stats.queues[0], &billing, false).word, QStringLiteral("○ no consumer"));
  billing.ready = 12;
  QCOMPARE(summed_up(stats, {}).text, QStringLiteral("Group billing of queue orders has no consumer; 12 messages wait."));
  QCOMPARE(summed_up(stats, {}).level, Level::warn);
  stats.queues[1].depth = 1'000;
  QCOMPARE(summed_up(stats, {}).text,
           QStringLiteral("Queue mail is full (1,000 of 1,000 messages) and refuses publishes. And 1 more; see the column State."));
  QCOMPARE(summed_up(stats, {}).level, Level::critical);
  stats.queues[0].policy.paused = true;
  QCOMPARE(group_state(stats.queues[0], &billing, true).word, QStringLiteral("✖ refusing, paused, no consumer"));
  stats.queues[0].groups.clear();
  stats.queues[0].policy.paused = false;
  GroupInfo held;
  held.paused = true;
  QCOMPARE(group_state(stats.queues[0], &held, false).word, QStringLiteral("‖ group paused"));
  QCOMPARE(group_state(stats.queues[0], &held, false).sentence, QStringLiteral("The group is paused: it is handed nothing."));
  QCOMPARE(group_state(stats.queues[0], nullptr, false).word, QStringLiteral("○ no group"));
}

QTEST_GUILESS_MAIN(FiguresTest)
#include "figures_test.moc"
