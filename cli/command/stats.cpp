// ackwire stats [--watch]
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "frame/signals.hpp"
#include "output/describe.hpp"
#include "output/sums.hpp"
#include "settings/units.hpp"

#include <condition_variable>
#include <mutex>

namespace ackwire::cli {
namespace {

struct StatsOptions {
  bool watch = false;
  Duration interval{1'000};
  std::uint64_t count = 0;
};

constexpr std::array<Column, 12> watch_columns{{{"time"},
                                                {"published_per_s", Cell::number},
                                                {"delivered_per_s", Cell::number},
                                                {"acked_per_s", Cell::number},
                                                {"redelivered_per_s", Cell::number},
                                                {"suppressed_per_s", Cell::number, false},
                                                {"ready", Cell::number},
                                                {"delayed", Cell::number},
                                                {"leased", Cell::number},
                                                {"dead", Cell::number},
                                                {"commit_p50_ms", Cell::number},
                                                {"commit_p99_ms", Cell::number}}};

/// Over every queue and group.
struct Sums {
  std::uint64_t published = 0, suppressed = 0;
  GroupSums groups;
};

Sums sums(const BrokerStats& stats) {
  Sums sum;
  for (const QueueInfo& queue : stats.queues) {
    sum.published += queue.published;
    sum.suppressed += queue.duplicates_suppressed;
    sum.groups.add(queue);
  }
  return sum;
}

Json rates(const BrokerStats& before, const BrokerStats& now) {
  const Sums a = sums(before), b = sums(now);
  const double seconds = std::max(0.001, static_cast<double>((now.now - before.now).count()) / 1000);
  // A queue that was removed in between takes its counters along: then the rate is unknown, and shown as 0.
  const auto rate = [seconds](std::uint64_t from, std::uint64_t to) {
    return to < from ? 0 : static_cast<std::uint64_t>(static_cast<double>(to - from) / seconds + 0.5);
  };
  return Json{{"time", format_time(now.now)},
              {"published_per_s", rate(a.published, b.published)},
              {"delivered_per_s", rate(a.groups.delivered, b.groups.delivered)},
              {"acked_per_s", rate(a.groups.acked, b.groups.acked)},
              {"redelivered_per_s", rate(a.groups.redelivered, b.groups.redelivered)},
              {"suppressed_per_s", rate(a.suppressed, b.suppressed)},
              {"ready", b.groups.ready},
              {"delayed", b.groups.delayed},
              {"leased", b.groups.leased},
              {"dead", b.groups.dead},
              {"commit_p50_ms", now.commit_p50_ms},
              {"commit_p99_ms", now.commit_p99_ms}};
}

int once(Client& client, const Face& face) {
  const auto stats = client.stats();
  if (!stats) return face.refuse(stats.error());
  face.printer.record(describe(*stats));
  if (face.globals.output != Format::table || !face.globals.columns.empty()) return exit_ok;
  face.terminal.write("\n");
  Printer queues(face.terminal, Format::table, {});
  if (const Status chosen = queues.choose(queue_view()); !chosen) return face.refuse(chosen.error());
  std::vector<Json> rows;
  for (const QueueInfo& queue : stats->queues) rows.push_back(describe(queue));
  queues.rows(rows);
  return exit_ok;
}

int watch(Client& client, const StatsOptions& options, SignalWatch& signals, const Face& face) {
  constexpr std::uint64_t heading_every = 20;
  std::mutex mutex;
  std::condition_variable stopped;
  bool stop = false;
  signals.on_first([&] {
    const std::lock_guard lock(mutex);
    stop = true;
    stopped.notify_all();
  });
  const std::shared_ptr<void> forget(nullptr, [&](void*) { signals.on_first(nullptr); });
  auto before = client.stats();
  if (!before) return face.refuse(before.error());
  auto due = std::chrono::steady_clock::now();
  for (std::uint64_t line = 0; options.count == 0 || line < options.count; ++line) {
    due += options.interval;
    {
      std::unique_lock lock(mutex);
      if (stopped.wait_until(lock, due, [&] { return stop; })) return exit_ok;
    }
    auto now = client.stats();
    if (!now) return face.refuse(now.error());
    face.printer.stream(rates(*before, *now), line % heading_every == 0);
    if (!face.terminal.flush()) return exit_ok;  // the reader has seen enough
    before = std::move(now);
  }
  return exit_ok;
}

}  // namespace

void add_stats(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<StatsOptions>();
  CLI::App* app = add_command(root, invocation, "stats", "the broker and its queues now, or rates line by line");
  app->add_flag("--watch", options->watch, "one line an interval until Ctrl-C");
  auto* interval = add_duration(*app, "--interval", options->interval, "of --watch (default 1s)", Duration{100},
                                Duration{std::chrono::hours{1}});
  auto* count = add_count(*app, "--count", options->count, "end --watch after so many lines", 1, 1ull << 40);
  app->callback([&invocation, options, interval, count] {
    if (!options->watch && (interval->count() > 0 || count->count() > 0))
      throw CLI::ValidationError("--interval, --count", "need --watch");
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) -> int {
      if (!options->watch) return with_client(globals, terminal, broker_view(), once);
      SignalWatch signals;
      return with_client(globals, terminal, watch_columns,
                         [&](Client& client, const Face& face) { return watch(client, *options, signals, face); });
    };
  });
}

}  // namespace ackwire::cli
