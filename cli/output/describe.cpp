#include "output/describe.hpp"

#include <array>

#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

template <class Headers>
Json describe_headers(const Headers& headers) {
  Json out = Json::object();
  for (const auto& [name, value] : headers) put_bytes(out, name, value);
  return out;
}

/// Every field of a queue. Lists and single queues have them all; they differ in which of them a table shows unasked.
struct QueueColumn {
  Column column;
  bool in_list = false, in_detail = true;
};

constexpr QueueColumn queue_fields[] = {
    {{"name"}, true},
    {{"id", Cell::number}, false, false},
    {{"created"}},
    {{"ready", Cell::number}, true},
    {{"delayed", Cell::number}, true},
    {{"leased", Cell::number}, true},
    {{"dead", Cell::number}, true},
    {{"acked", Cell::number}},
    {{"depth", Cell::number}, true},
    {{"depth_bytes", Cell::bytes}, true},
    {{"published", Cell::number}},
    {{"published_bytes", Cell::bytes}},
    {{"duplicates_suppressed", Cell::number}},
    {{"refused", Cell::number}},
    {{"damaged", Cell::number}},
    {{"dedupe_keys", Cell::number}},
    {{"next_sequence", Cell::number}},
    {{"consumers", Cell::number}, true},
    {{"oldest_age_ms", Cell::milliseconds}, true, false},
    {{"paused"}, true},
    {{"policy.visibility_timeout_ms", Cell::milliseconds}},
    {{"policy.max_attempts", Cell::number}},
    {{"policy.backoff_initial_ms", Cell::milliseconds}},
    {{"policy.backoff_multiplier", Cell::number}},
    {{"policy.backoff_max_ms", Cell::milliseconds}},
    {{"policy.backoff_jitter", Cell::number}},
    {{"policy.ttl_ms", Cell::milliseconds}},
    {{"policy.on_expiry"}},
    {{"policy.dedupe_window_ms", Cell::milliseconds}},
    {{"policy.max_depth", Cell::number}},
    {{"policy.max_depth_bytes", Cell::bytes}},
    {{"policy.max_in_flight", Cell::number}},
    {{"policy.max_message_bytes", Cell::bytes}},
    {{"policy.paused"}, false, false},
    {{"groups"}, false, false},
};

constexpr auto queue_columns_shown(bool QueueColumn::*where) {
  std::array<Column, std::size(queue_fields)> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = queue_fields[i].column;
    out[i].shown = queue_fields[i].*where;
  }
  return out;
}

constexpr auto queue_columns = queue_columns_shown(&QueueColumn::in_list);
constexpr auto detail_columns = queue_columns_shown(&QueueColumn::in_detail);

constexpr std::array<Column, 20> group_columns{{
    {"name"},
    {"ready", Cell::number},
    {"delayed", Cell::number},
    {"leased", Cell::number},
    {"dead", Cell::number},
    {"acked", Cell::number},
    {"consumers", Cell::number},
    {"oldest_age_ms", Cell::milliseconds},
    {"published", Cell::number, false},
    {"expired", Cell::number, false},
    {"discarded", Cell::number, false},
    {"delivered", Cell::number, false},
    {"redelivered", Cell::number, false},
    {"nacked", Cell::number, false},
    {"rejected", Cell::number, false},
    {"released", Cell::number, false},
    {"lease_expired", Cell::number, false},
    {"stale_settles", Cell::number, false},
    {"dead_lettered", Cell::number, false},
    {"redriven", Cell::number, false},
}};

constexpr std::array<Column, 11> peek_columns{{
    {"sequence", Cell::number},
    {"state"},
    {"attempts", Cell::number},
    {"publish_time"},
    {"idempotency_key"},
    {"body_bytes", Cell::bytes},
    {"body"},
    {"deliveries", Cell::number, false},
    {"due", Cell::text, false},
    {"ordering_key", Cell::text, false},
    {"headers", Cell::text, false},
}};

constexpr std::array<Column, 14> dead_columns{{
    {"sequence", Cell::number},
    {"reason"},
    {"attempts", Cell::attempts},
    {"dead_time"},
    {"idempotency_key"},
    {"detail"},
    {"body_bytes", Cell::bytes, false},
    {"body", Cell::text, false},
    {"deliveries", Cell::number, false},
    {"redrives", Cell::number, false},
    {"publish_time", Cell::text, false},
    {"ordering_key", Cell::text, false},
    {"headers", Cell::text, false},
    {"errors", Cell::text, false},
}};

constexpr std::array<Column, 14> dead_detail_columns{{
    {"sequence", Cell::number},
    {"reason"},
    {"detail"},
    {"attempts", Cell::attempts},
    {"deliveries", Cell::number},
    {"redrives", Cell::number},
    {"publish_time"},
    {"dead_time"},
    {"idempotency_key"},
    {"ordering_key"},
    {"headers"},
    {"errors"},
    {"body_bytes", Cell::bytes},
    {"body"},
}};

}  // namespace

View queue_view() { return queue_columns; }
View detail_view() { return detail_columns; }
View group_view() { return group_columns; }
View peek_view() { return peek_columns; }
View dead_view() { return dead_columns; }
View dead_detail_view() { return dead_detail_columns; }

Json describe(const QueuePolicy& policy) {
  return Json{{"visibility_timeout_ms", policy.visibility_timeout.count()},
              {"max_attempts", policy.max_attempts},
              {"backoff_initial_ms", policy.backoff.initial.count()},
              {"backoff_multiplier", policy.backoff.multiplier},
              {"backoff_max_ms", policy.backoff.max.count()},
              {"backoff_jitter", policy.backoff.jitter},
              {"ttl_ms", policy.ttl.count()},
              {"on_expiry", policy.on_expiry == OnExpiry::discard ? "discard" : "dead_letter"},
              {"dedupe_window_ms", policy.dedupe_window.count()},
              {"max_depth", policy.max_depth},
              {"max_depth_bytes", policy.max_depth_bytes},
              {"max_in_flight", policy.max_in_flight},
              {"max_message_bytes", policy.max_message_bytes},
              {"paused", policy.paused}};
}

Json describe(const GroupInfo& group) {
  return Json{{"name", group.name},
              {"ready", group.ready},
              {"delayed", group.delayed},
              {"leased", group.leased},
              {"dead", group.dead},
              {"published", group.published},
              {"acked", group.acked},
              {"expired", group.expired},
              {"discarded", group.discarded},
              {"delivered", group.delivered},
              {"redelivered", group.redelivered},
              {"nacked", group.nacked},
              {"rejected", group.rejected},
              {"released", group.released},
              {"lease_expired", group.lease_expired},
              {"stale_settles", group.stale_settles},
              {"dead_lettered", group.dead_lettered},
              {"redriven", group.redriven},
              {"consumers", group.consumers},
              {"oldest_age_ms", group.oldest_age.count()}};
}

Json describe(const QueueInfo& queue) {
  GroupInfo sum;  // over the groups, so that one row tells the state of a queue
  Json groups = Json::array();
  for (const GroupInfo& group : queue.groups) {
    sum.ready += group.ready;
    sum.delayed += group.delayed;
    sum.leased += group.leased;
    sum.dead += group.dead;
    sum.acked += group.acked;
    sum.consumers += group.consumers;
    sum.oldest_age = std::max(sum.oldest_age, group.oldest_age);
    groups.push_back(describe(group));
  }
  return Json{{"name", queue.name},
              {"id", queue.id},
              {"created", format_time(queue.created)},
              {"paused", queue.policy.paused},
              {"ready", sum.ready},
              {"delayed", sum.delayed},
              {"leased", sum.leased},
              {"dead", sum.dead},
              {"acked", sum.acked},
              {"consumers", sum.consumers},
              {"oldest_age_ms", sum.oldest_age.count()},
              {"depth", queue.depth},
              {"depth_bytes", queue.depth_bytes},
              {"published", queue.published},
              {"published_bytes", queue.published_bytes},
              {"duplicates_suppressed", queue.duplicates_suppressed},
              {"refused", queue.refused},
              {"damaged", queue.damaged},
              {"dedupe_keys", queue.dedupe_keys},
              {"next_sequence", queue.next_sequence},
              {"policy", describe(queue.policy)},
              {"groups", std::move(groups)}};
}

Json describe(const BrokerStats& stats) {
  Json queues = Json::array();
  for (const QueueInfo& queue : stats.queues) queues.push_back(describe(queue));
  return Json{{"version", stats.version},
              {"store_id", stats.store_id},
              {"boot_epoch", stats.boot_epoch},
              {"now", format_time(stats.now)},
              {"started", format_time(stats.started)},
              {"clock_offset_ms", stats.clock_offset_ms},
              {"sessions", stats.sessions},
              {"consumers", stats.consumers},
              {"commits", stats.commits},
              {"commit_p50_ms", stats.commit_p50_ms},
              {"commit_p99_ms", stats.commit_p99_ms},
              {"store_bytes", stats.store_bytes},
              {"store_bytes_limit", stats.store_bytes_limit},
              {"publishes_refused", stats.publishes_refused},
              {"queues", std::move(queues)}};
}

Json describe(const PeekedMessage& message) {
  Json out{{"sequence", message.sequence},
           {"state", message.state},
           {"deliveries", message.deliveries},
           {"attempts", message.attempts},
           {"publish_time", format_time(message.publish_time)}};
  if (message.due.time_since_epoch().count() != 0) out["due"] = format_time(message.due);
  put_bytes(out, "idempotency_key", message.idempotency_key);
  put_bytes(out, "ordering_key", message.ordering_key);
  out["headers"] = describe_headers(message.headers);
  out["body_bytes"] = message.body_bytes;
  put_bytes(out, "body", message.body);
  return out;
}

Json describe(const DeadLetter& letter) {
  Json errors = Json::array();
  for (const AttemptError& error : letter.errors) {
    errors.push_back(Json{{"time", format_time(error.time)}, {"delivery", error.delivery}, {"text", error.text}});
  }
  Json out{{"sequence", letter.sequence},
           {"reason", name(letter.reason)},
           {"detail", letter.detail},
           {"deliveries", letter.deliveries},
           {"attempts", letter.attempts},
           {"redrives", letter.redrives},
           {"publish_time", format_time(letter.publish_time)},
           {"dead_time", format_time(letter.dead_time)},
           {"errors", std::move(errors)}};
  put_bytes(out, "idempotency_key", letter.idempotency_key);
  put_bytes(out, "ordering_key", letter.ordering_key);
  out["headers"] = describe_headers(letter.headers);
  out["body_bytes"] = letter.body_bytes;
  put_bytes(out, "body", letter.body);
  return out;
}

Json describe(const Delivery& delivery) {
  Json headers = Json::object();
  for (const Header& header : delivery.headers()) put_bytes(headers, header.name, header.value);
  Json out{{"sequence", delivery.sequence()},
           {"deliveries", delivery.deliveries()},
           {"attempts", delivery.attempts()},
           {"publish_time", format_time(delivery.publish_time())}};
  put_bytes(out, "idempotency_key", delivery.idempotency_key());
  put_bytes(out, "ordering_key", delivery.ordering_key());
  out["headers"] = std::move(headers);
  out["body_bytes"] = delivery.body().size();
  put_bytes(out, "body", delivery.body());
  return out;
}

}  // namespace ackwire::cli
