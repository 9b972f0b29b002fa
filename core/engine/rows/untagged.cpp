// The order of the members here is that of format 1 for good: a new member goes into layout.hpp alone.
#include "engine/rows/untagged.hpp"

#include <type_traits>

namespace ackwire::engine::untagged {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view payload) : rest_(payload) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(T& value) {
    if (!good_ || rest_.size() < sizeof(T)) {
      good_ = false;
      return;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
  }
  void operator()(std::string& value) {
    std::uint32_t size = 0;
    (*this)(size);
    if (!good_ || rest_.size() < size) {
      good_ = false;
      return;
    }
    value.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void operator()(Duration& value) {
    std::int64_t count = 0;
    (*this)(count);
    value = Duration{count};
  }
  void operator()(Timestamp& value) {
    std::int64_t count = 0;
    (*this)(count);
    value = Timestamp{Duration{count}};
  }
  void operator()(ErrorRow& row) { (*this)(row.time), (*this)(row.delivery), (*this)(row.text); }
  template <class T>
  void operator()(std::vector<T>& values) {
    std::uint32_t size = 0;
    (*this)(size);
    values.clear();
    for (std::uint32_t i = 0; good_ && i < size; ++i) (*this)(values.emplace_back());
  }
  bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

template <class... Members>
bool read_all(std::string_view payload, Members&... members) {
  Reader reader(payload);
  (reader(members), ...);
  return reader.done();
}

}  // namespace

bool read(std::string_view payload, BootRow& r) { return read_all(payload, r.boot_epoch, r.next_queue, r.last_wall_ms); }

bool read(std::string_view payload, LivesRow& r) { return read_all(payload, r.epochs); }

bool read(std::string_view payload, TimeRow& r) { return read_all(payload, r.wall_ms, r.mono_ms, r.machine_boot); }

bool read(std::string_view payload, QueueRow& r) {
  QueuePolicy& p = r.policy;
  return read_all(payload, r.name, r.created_ms, r.next_group, r.removing, p.visibility_timeout, p.max_attempts, p.backoff.initial,
                  p.backoff.multiplier, p.backoff.max, p.backoff.jitter, p.ttl, p.on_expiry, p.dedupe_window, p.max_depth,
                  p.max_depth_bytes, p.max_in_flight, p.max_message_bytes, p.paused);
}

bool read(std::string_view payload, QueueState& r) {
  return read_all(payload, r.next_sequence, r.published, r.published_bytes, r.suppressed);
}

bool read(std::string_view payload, GroupRow& r) {
  return read_all(payload, r.name, r.removing, r.cursor, r.floor, r.published, r.published_bytes, r.acked, r.expired, r.discarded,
                  r.settled_bytes, r.retry, r.dead, r.dead_bytes, r.delivered, r.redelivered, r.nacked, r.rejected, r.released,
                  r.lease_expired, r.dead_lettered, r.redriven);
}

bool read(std::string_view payload, TakenOut& r) {
  return read_all(payload, r.reason, r.deliveries, r.attempts, r.redrives, r.publish_ms, r.time_ms, r.detail, r.errors, r.record);
}

bool read(std::string_view payload, SampleRow& r) {
  return read_all(payload, r.time, r.published, r.published_bytes, r.suppressed, r.refused, r.delivered, r.redelivered, r.acked,
                  r.nacked, r.dead_lettered, r.expired, r.lease_expired, r.depth, r.leased, r.delayed, r.dead, r.latency_p50_ms,
                  r.latency_p95_ms, r.latency_p99_ms);
}

}  // namespace ackwire::engine::untagged
