#include "output/describe.hpp"

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include "ackwire/field.hpp"
#include "output/sums.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

template <class Headers>
Json describe_headers(const Headers& headers) {
  Json out = Json::object();
  for (const auto& [name, value] : headers) put_bytes(out, name, value);
  return out;
}

/// Durations have their unit in the name; times are written out.
std::string json_name(const About& field) { return std::string(field.name) + (field.unit == Unit::duration ? "_ms" : ""); }

template <class T>
Json described(const T& value);

template <class V>
Json described_member(const About& field, const V& value) {
  if constexpr (std::is_same_v<V, Duration>) {
    return value.count();
  } else if constexpr (std::is_same_v<V, Timestamp>) {
    return format_time(value);
  } else if constexpr (std::is_enum_v<V>) {
    return word_of(value);
  } else if constexpr (Described<V>) {
    return described(value);
  } else if constexpr (std::is_same_v<V, std::vector<std::pair<std::string, std::string>>>) {
    return describe_headers(value);
  } else if constexpr (detail::is_list<V>) {
    Json out = Json::array();
    for (const auto& each : value) out.push_back(described_member(field, each));
    return out;
  } else {
    return value;
  }
}

template <class V>
void put_member(Json& out, const About& field, const V& value) {
  if constexpr (std::is_same_v<V, std::string>) {
    if (field.unit == Unit::key || field.unit == Unit::content) return put_bytes(out, field.name, value);
  }
  if constexpr (std::is_same_v<V, Timestamp>) {
    if (field.zero_is_none && value == V{}) return;
  }
  out[json_name(field)] = described_member(field, value);
}

template <class T>
Json described(const T& value) {
  Json out = Json::object();
  each_field<T>([&](const auto& field) { put_member(out, field, field.of(value)); });
  return out;
}

Cell cell_of(Unit unit) {
  switch (unit) {
    case Unit::count:
    case Unit::real: return Cell::number;
    case Unit::bytes: return Cell::bytes;
    case Unit::duration: return Cell::milliseconds;
    default: return Cell::text;
  }
}

/// Every field as a column: those of `shown` first, in that order, and they alone in a table that nobody chose the columns of.
class Columns {
 public:
  explicit Columns(std::initializer_list<std::string_view> shown) : shown_(shown) {}
  Columns(const Columns&) = delete;

  void add(std::string name, Cell cell) {
    const bool is_shown = std::find(shown_.begin(), shown_.end(), name) != shown_.end();
    all_.push_back({names_.emplace_back(std::move(name)), cell, is_shown});
  }
  template <class T>
  Columns& add_fields(const std::string& before = {}) {
    each_field<T>([&](const auto& field) { add(before + json_name(field), cell_of(field.unit)); });
    return *this;
  }
  /// In the order of `shown`, then the others. A name of `shown` that no field has is a defect that the tests see.
  View ordered() {
    const auto place = [this](const Column& column) {
      return std::find(shown_.begin(), shown_.end(), column.name) - shown_.begin();
    };
    std::stable_sort(all_.begin(), all_.end(), [&](const Column& a, const Column& b) { return place(a) < place(b); });
    return all_;
  }
  Column& operator[](std::string_view name) {
    return *std::find_if(all_.begin(), all_.end(), [name](const Column& column) { return column.name == name; });
  }

 private:
  const std::vector<std::string_view> shown_;
  std::deque<std::string> names_;  // stay where they are
  std::vector<Column> all_;
};

Columns& queue_columns(Columns& columns) {
  columns.add_fields<QueueInfo>().add_fields<GroupSums>();
  columns.add("paused", Cell::text);
  columns.add_fields<QueuePolicy>("policy.");
  return columns;
}

}  // namespace

View queue_view() {
  static Columns columns{"name",  "ready",       "delayed",   "leased",        "dead",
                         "depth", "depth_bytes", "consumers", "oldest_age_ms", "paused"};
  static const View view = queue_columns(columns).ordered();
  return view;
}

View detail_view() {
  static Columns columns{"name",
                         "created",
                         "ready",
                         "delayed",
                         "leased",
                         "dead",
                         "acked",
                         "depth",
                         "depth_bytes",
                         "published",
                         "published_bytes",
                         "duplicates_suppressed",
                         "refused",
                         "damaged",
                         "dedupe_keys",
                         "next_sequence",
                         "consumers",
                         "paused",
                         "policy.visibility_timeout_ms",
                         "policy.max_attempts",
                         "policy.backoff_initial_ms",
                         "policy.backoff_multiplier",
                         "policy.backoff_max_ms",
                         "policy.backoff_jitter",
                         "policy.ttl_ms",
                         "policy.on_expiry",
                         "policy.dedupe_window_ms",
                         "policy.max_depth",
                         "policy.max_depth_bytes",
                         "policy.max_in_flight",
                         "policy.max_message_bytes"};
  static const View view = queue_columns(columns).ordered();
  return view;
}

View group_view() {
  static Columns columns{"name", "ready", "delayed", "leased", "dead", "acked", "consumers", "oldest_age_ms", "paused"};
  static const View view = columns.add_fields<GroupInfo>().ordered();
  return view;
}

View peek_view() {
  static Columns columns{"sequence", "state", "attempts", "publish_time", "idempotency_key", "body_bytes", "body"};
  static const View view = columns.add_fields<PeekedMessage>().ordered();
  return view;
}

View dead_view() {
  static Columns columns{"sequence", "reason", "attempts", "dead_time", "idempotency_key", "detail"};
  static const View view = [] {
    columns.add_fields<DeadLetter>()["attempts"].cell = Cell::attempts;
    return columns.ordered();
  }();
  return view;
}

View dead_detail_view() {
  static Columns columns{"sequence",  "reason",          "detail",       "attempts", "deliveries", "redrives",   "publish_time",
                         "dead_time", "idempotency_key", "ordering_key", "headers",  "errors",     "body_bytes", "body"};
  static const View view = [] {
    columns.add_fields<DeadLetter>()["attempts"].cell = Cell::attempts;
    return columns.ordered();
  }();
  return view;
}

View broker_view() {
  static Columns columns{"version",     "store_id",          "boot_epoch",       "started",       "clock_offset_ms",
                         "sessions",    "consumers",         "commits",          "commit_p50_ms", "commit_p99_ms",
                         "store_bytes", "store_bytes_limit", "publishes_refused"};
  static const View view = columns.add_fields<BrokerStats>().ordered();
  return view;
}

View job_view() {
  static Columns columns{"id", "kind", "state", "queue", "group", "moved", "started", "ended", "error"};
  static const View view = columns.add_fields<Job>().ordered();
  return view;
}

Json describe(const GroupInfo& group) { return described(group); }

Json describe(const QueueInfo& queue) {
  Json out = described(queue);
  out.update(described(sums_of(queue)));
  out["paused"] = queue.policy.paused;
  return out;
}

Json describe(const BrokerStats& stats) {
  Json out = described(stats);
  Json queues = Json::array();
  for (const QueueInfo& queue : stats.queues) queues.push_back(describe(queue));
  out["queues"] = std::move(queues);
  return out;
}

Json describe(const Job& job) { return described(job); }
Json describe(const PeekedMessage& message) { return described(message); }
Json describe(const DeadLetter& letter) { return described(letter); }

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
