// How live figures and history look in JSON.
#pragma once

#include "ackwire/stats.hpp"
#include "wire/json_queue.hpp"
#include "wire/json_value.hpp"

namespace ackwire::wire {

template <>
struct Names<Resolution> {
  static constexpr std::pair<std::string_view, Resolution> all[] = {
      {"second", Resolution::second}, {"ten_seconds", Resolution::ten_seconds}, {"five_minutes", Resolution::five_minutes}};
};

template <class A, Like<Sample> T>
void describe(A& archive, T& sample) {
  archive.required("time_ms", sample.time);
  archive.optional("published", sample.published);
  archive.optional("published_bytes", sample.published_bytes);
  archive.optional("suppressed", sample.suppressed);
  archive.optional("refused", sample.refused);
  archive.optional("delivered", sample.delivered);
  archive.optional("redelivered", sample.redelivered);
  archive.optional("acked", sample.acked);
  archive.optional("nacked", sample.nacked);
  archive.optional("dead_lettered", sample.dead_lettered);
  archive.optional("expired", sample.expired);
  archive.optional("lease_expired", sample.lease_expired);
  archive.optional("depth", sample.depth);
  archive.optional("leased", sample.leased);
  archive.optional("delayed", sample.delayed);
  archive.optional("dead", sample.dead);
  archive.optional("latency_p50_ms", sample.latency_p50_ms);
  archive.optional("latency_p95_ms", sample.latency_p95_ms);
  archive.optional("latency_p99_ms", sample.latency_p99_ms);
}

template <class A, Like<BrokerStats> T>
void describe(A& archive, T& stats) {
  archive.required("version", stats.version);
  archive.optional("store_id", stats.store_id);
  archive.optional("boot_epoch", stats.boot_epoch);
  archive.optional("now_ms", stats.now);
  archive.optional("started_ms", stats.started);
  archive.optional("clock_offset_ms", stats.clock_offset_ms);
  archive.optional("sessions", stats.sessions);
  archive.optional("consumers", stats.consumers);
  archive.optional("commits", stats.commits);
  archive.optional("commit_p50_ms", stats.commit_p50_ms);
  archive.optional("commit_p99_ms", stats.commit_p99_ms);
  archive.optional("store_bytes", stats.store_bytes);
  archive.optional("store_bytes_limit", stats.store_bytes_limit);
  archive.optional("publishes_refused", stats.publishes_refused);
  archive.optional("queues", stats.queues);
}

}  // namespace ackwire::wire
