// The numbers of the members of each row. They are permanent: a number is never used again, and never gets another type. A new
// member takes the next free number of its row.
//
// One walk over the members serves both directions, so that encode and decode cannot drift apart. They are named in rising order
// of their numbers.
#pragma once

#include <iterator>
#include <type_traits>
#include <utility>

#include "engine/rows/row.hpp"

namespace ackwire::engine::layout {

template <class R, class Row>
concept Of = std::is_same_v<std::remove_const_t<R>, Row>;

/// The last member of a row, whatever will be added before it: salvage() finds it at the end of a damaged row.
inline constexpr std::uint8_t last_number = 255;

template <class Row>
consteval bool numbers_rise() {
  std::uint8_t before = 0;
  for (const auto& counter : Row::counters) {
    if (counter.number != 0 && counter.number <= std::exchange(before, counter.number)) return false;
  }
  return true;
}

/// Those that are stored, in the order of their numbers. Each is a line of its own in what is compiled, not a turn of a loop: rows
/// of groups are written in every turn.
template <class V, class R>
void walk_counters(V& v, R& r) {
  using Row = std::remove_const_t<R>;
  static_assert(numbers_rise<Row>(), "a reader takes members in rising order of their numbers");
  const auto one = [&]<std::size_t i>() {
    if constexpr (Row::counters[i].number != 0) v(Row::counters[i].number, r.*(Row::counters[i].member));
  };
  [&]<std::size_t... i>(std::index_sequence<i...>) { (one.template operator()<i>(), ...); }
  (std::make_index_sequence<std::size(Row::counters)>());
}

template <class V, Of<BootRow> R>
void walk(V& v, R& r) {
  v(1, r.boot_epoch), v(2, r.next_queue), v(3, r.last_wall_ms);
}

template <class V, Of<LivesRow> R>
void walk(V& v, R& r) {
  v(1, r.epochs);
}

template <class V, Of<TimeRow> R>
void walk(V& v, R& r) {
  v(1, r.wall_ms), v(2, r.mono_ms), v(3, r.machine_boot);
}

template <class V, Of<JobRow> R>
void walk(V& v, R& r) {
  v(1, r.kind), v(2, r.state), v(3, r.queue), v(4, r.queue_name), v(5, r.group), v(6, r.reason), v(7, r.sequences), v(8, r.bound);
  v(9, r.next), v(10, r.dead_until_ms), v(11, r.moved), v(12, r.not_found), v(13, r.started_ms), v(14, r.ended_ms), v(15, r.code);
  v(16, r.error);
}

template <class V, Of<QueueRow> R>
void walk(V& v, R& r) {
  v(1, r.name), v(2, r.created_ms), v(3, r.next_group), v(4, r.removing);
  auto& p = r.policy;
  v(5, p.visibility_timeout), v(6, p.max_attempts), v(7, p.backoff.initial), v(8, p.backoff.multiplier), v(9, p.backoff.max);
  v(10, p.backoff.jitter), v(11, p.ttl), v(12, p.on_expiry), v(13, p.dedupe_window), v(14, p.max_depth);
  v(15, p.max_depth_bytes), v(16, p.max_in_flight), v(17, p.max_message_bytes), v(18, p.paused);
}

template <class V, Of<QueueState> R>
void walk(V& v, R& r) {
  walk_counters(v, r);
  v(8, r.kept_counted);
}

template <class V, Of<GroupRow> R>
void walk(V& v, R& r) {
  v(1, r.name), v(2, r.removing);
  walk_counters(v, r);
  v(22, r.paused);
}

template <class V, Of<ErrorRow> R>
void walk(V& v, R& r) {
  v(1, r.time), v(2, r.delivery), v(3, r.text);
}

template <class V, Of<TakenOut> R>
void walk(V& v, R& r) {
  v(1, r.publish_ms), v(2, r.reason), v(3, r.deliveries), v(4, r.attempts), v(5, r.redrives), v(6, r.time_ms), v(7, r.detail);
  v(8, r.errors), v(9, r.body_bytes);
  if (r.body_bytes == 0) {
    v.last(r.record);
  } else if constexpr (!std::is_const_v<R>) {
    r.record.clear();
  }
}

template <class V, Of<SampleRow> R>
void walk(V& v, R& r) {
  v(1, r.time), v(2, r.published), v(3, r.published_bytes), v(4, r.suppressed), v(5, r.refused), v(6, r.delivered);
  v(7, r.redelivered), v(8, r.acked), v(9, r.nacked), v(10, r.dead_lettered), v(11, r.expired), v(12, r.lease_expired);
  v(13, r.depth), v(14, r.leased), v(15, r.delayed), v(16, r.dead);
  v(17, r.latency_p50_ms), v(18, r.latency_p95_ms), v(19, r.latency_p99_ms);
}

}  // namespace ackwire::engine::layout
