// Live figures and history.
#include "ackwire/stats.hpp"

#include "connection.hpp"
#include "convert.hpp"
#include "describe.hpp"

namespace ackwire::python {
namespace {

py::dict describe(const Sample& sample) {
  py::dict made;
  made["time"] = milliseconds(sample.time);
  made["published"] = sample.published;
  made["published_bytes"] = sample.published_bytes;
  made["suppressed"] = sample.suppressed;
  made["refused"] = sample.refused;
  made["delivered"] = sample.delivered;
  made["redelivered"] = sample.redelivered;
  made["acked"] = sample.acked;
  made["nacked"] = sample.nacked;
  made["dead_lettered"] = sample.dead_lettered;
  made["expired"] = sample.expired;
  made["lease_expired"] = sample.lease_expired;
  made["depth"] = sample.depth;
  made["leased"] = sample.leased;
  made["delayed"] = sample.delayed;
  made["dead"] = sample.dead;
  made["latency_p50_ms"] = sample.latency_p50_ms;
  made["latency_p95_ms"] = sample.latency_p95_ms;
  made["latency_p99_ms"] = sample.latency_p99_ms;
  return made;
}

py::dict describe(const BrokerStats& stats) {
  py::dict made;
  made["version"] = text(stats.version);
  made["store_id"] = text(stats.store_id);
  made["boot_epoch"] = stats.boot_epoch;
  made["now"] = milliseconds(stats.now);
  made["started"] = milliseconds(stats.started);
  made["clock_offset_ms"] = stats.clock_offset_ms;
  made["sessions"] = stats.sessions;
  made["consumers"] = stats.consumers;
  made["commits"] = stats.commits;
  made["commit_p50_ms"] = stats.commit_p50_ms;
  made["commit_p99_ms"] = stats.commit_p99_ms;
  made["store_bytes"] = stats.store_bytes;
  made["store_bytes_limit"] = stats.store_bytes_limit;
  made["publishes_refused"] = stats.publishes_refused;
  made["queues"] = list_of(stats.queues, [](const QueueInfo& info) { return python::describe(info); });
  return made;
}

Resolution resolution_of(const std::string& text) {
  if (text == "1s") return Resolution::second;
  if (text == "10s") return Resolution::ten_seconds;
  if (text == "5m") return Resolution::five_minutes;
  throw py::value_error("resolution must be 1s, 10s or 5m, not " + text);
}

}  // namespace

void bind_stats(ConnectionClass& connection) {
  connection
      .def("stats",
           [](ConnectionHandle& self) { return describe(take(interruptible([live = self.live()] { return live->stats(); }))); })
      .def(
          "history",
          [](ConnectionHandle& self, const std::string& queue, const std::string& resolution, std::int64_t from_ms) {
            const HistoryQuery query{queue, resolution_of(resolution), Timestamp{Duration{from_ms}}};
            const auto samples = take(interruptible([live = self.live(), query] { return live->history(query); }));
            return list_of(samples, [](const Sample& sample) { return describe(sample); });
          },
          py::arg("queue"), py::arg("resolution"), py::arg("start_ms"));
}

}  // namespace ackwire::python
