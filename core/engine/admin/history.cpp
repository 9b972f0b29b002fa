// History: one sample a second for each queue in which something happened, and for the whole broker, rolled up into coarser rings.
// Slots without a sample were quiet. Samples ride on the turns; a quiet broker writes nothing.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

struct Ring {
  Resolution resolution;
  std::uint64_t slot_ms;
  std::uint64_t kept_ms;
};
constexpr Ring rings[] = {
    {Resolution::second, 1'000, 3'600'000},
    {Resolution::ten_seconds, 10'000, 86'400'000},
    {Resolution::five_minutes, 300'000, 30ull * 86'400'000},
};
constexpr std::uint32_t trimmed_rows = 64;  // a turn that samples

bool happened(const Sample& s) {
  return (s.published | s.suppressed | s.refused | s.delivered | s.acked | s.nacked | s.dead_lettered | s.expired |
          s.lease_expired) != 0;
}

void add_counts(Sample& sum, const Sample& s) {
  sum.published += s.published, sum.published_bytes += s.published_bytes, sum.suppressed += s.suppressed, sum.refused += s.refused;
  sum.delivered += s.delivered, sum.redelivered += s.redelivered, sum.acked += s.acked, sum.nacked += s.nacked;
  sum.dead_lettered += s.dead_lettered, sum.expired += s.expired, sum.lease_expired += s.lease_expired;
}

void put_gauges(Sample& sample, const Gauges& is) {
  sample.depth = is.depth, sample.leased = is.leased, sample.delayed = is.delayed, sample.dead = is.dead;
}

void set_quantiles(Sample& sample, const Latency& latency) {
  sample.latency_p50_ms = latency.quantile(0.5);
  sample.latency_p95_ms = latency.quantile(0.95);
  sample.latency_p99_ms = latency.quantile(0.99);
}

// A coarser slot keeps sums of counts, the last gauges, and the worst of the quantiles, which is an upper bound of the true ones.
void roll_up(Sample& slot, const Sample& s) {
  add_counts(slot, s);
  slot.depth = s.depth, slot.leased = s.leased, slot.delayed = s.delayed, slot.dead = s.dead;
  slot.latency_p50_ms = std::max(slot.latency_p50_ms, s.latency_p50_ms);
  slot.latency_p95_ms = std::max(slot.latency_p95_ms, s.latency_p95_ms);
  slot.latency_p99_ms = std::max(slot.latency_p99_ms, s.latency_p99_ms);
}

}  // namespace

void Engine::State::put_sample(Resolution resolution, std::uint32_t queue, const Sample& sample) {
  for (const Ring& ring : rings) {
    if (ring.resolution < resolution) continue;
    const std::uint64_t slot = epoch_ms(sample.time) / ring.slot_ms * ring.slot_ms;
    const Key at = key::sample(ring.resolution, slot, queue);
    SampleRow rolled;
    if (const auto row = turn.tx->get(Table::history, at)) {
      const Decoded found = decode(*row, rolled);
      if (found.is_newer()) continue;
      if (!found) rolled = {};  // figures, not messages
    }
    rolled.time = Timestamp{Duration{static_cast<std::int64_t>(slot)}};
    roll_up(rolled, sample);
    turn.tx->put(Table::history, at, encode(rolled));
  }
}

void Sampler::touch(Queue& queue) {
  if (!std::exchange(queue.changed, true)) unsampled.push_back(&queue);
}

void Sampler::set_active(Queue& queue, bool is) {
  if (std::exchange(queue.active, is) == is) return;
  is ? ++active_queues : --active_queues;
}

void Sampler::set_gauges(Queue& queue, const Gauges& is) {
  const Gauges was = std::exchange(queue.gauges, is);
  gauges.depth += is.depth - was.depth, gauges.leased += is.leased - was.leased;
  gauges.delayed += is.delayed - was.delayed, gauges.dead += is.dead - was.dead;
}

void Sampler::forget(Queue& queue) {
  set_active(queue, false);
  set_gauges(queue, {});
  std::erase(unsampled, &queue);
}

// Looks at the queues that were touched since the last sample; the others are as they were.
void Engine::State::take_samples() {
  for (Queue* queue : touched) {
    if (happened(queue->sample)) sampler.set_active(*queue, true);
  }
  const std::uint64_t wall = epoch_ms(turn.now.wall);
  if (sampler.active_queues == 0 || wall < sampler.next_sample_ms) return;
  const bool first = sampler.next_sample_ms == 0;  // the first slot ends with its second
  sampler.next_sample_ms = (wall / 1'000 + 1) * 1'000;
  if (first) return;
  Sample total;
  Latency latency;
  total.time = turn.now.wall - Duration{1'000};
  auto kept = sampler.unsampled.begin();
  for (Queue* queue : sampler.unsampled) {
    take_sample(*queue, total, latency);
    // One more sample after the last event shows the rates at zero.
    sampler.set_active(*queue, happened(queue->sample));
    queue->sample = Sample{};
    queue->latency.clear();
    queue->changed = queue->active || queue->touched;
    if (queue->changed) *kept++ = queue;
  }
  sampler.unsampled.erase(kept, sampler.unsampled.end());
  put_gauges(total, sampler.gauges);
  set_quantiles(total, latency);
  put_sample(Resolution::second, 0, total);
  trim_history();
  keep_time();  // the commit is needed anyway
}

void Engine::State::take_sample(Queue& queue, Sample& total, Latency& latency) {
  Gauges is;
  for (const auto& [id, group] : queue.groups) {
    is.depth = std::max(is.depth, group.outstanding());
    is.leased += group.leased;
    is.delayed += Group::less(group.row.retry, group.retry_leases.size() + group.ready_retry);
    is.dead += group.row.dead;
  }
  sampler.set_gauges(queue, is);
  add_counts(total, queue.sample);
  latency.merge(queue.latency);
  if (queue.sample.refused > 0) {  // refusals write nothing of their own, so that refusing stays cheap
    queue.dirty = true;
    touch(queue);
  }
  if (!queue.active) return;
  Sample sample = queue.sample;
  sample.time = total.time;
  put_gauges(sample, is);
  set_quantiles(sample, queue.latency);
  put_sample(Resolution::second, queue.id, sample);
}

void Engine::State::trim_history() {
  const std::uint64_t wall = epoch_ms(turn.now.wall);
  for (const Ring& ring : rings) {
    store::Row row;
    const Key first = Key().u8(static_cast<std::uint8_t>(ring.resolution));
    for (std::uint32_t i = 0;
         i < trimmed_rows && turn.tx->seek(Table::history, first, row) && row.key.starts_with(std::string_view(first)); ++i) {
      if (be64(row.key, 1) + ring.kept_ms > wall) break;
      const std::string found(row.key);
      turn.tx->erase(Table::history, found);
    }
  }
}

namespace {

Result<std::vector<Sample>> get_history(Engine::State& s, const model::GetHistory& r) {
  const auto ring = std::find_if(std::begin(rings), std::end(rings), [&](const Ring& x) { return x.resolution == r.resolution; });
  if (ring == std::end(rings))
    return Error{Errc::invalid_argument,
                 "There is no such resolution. Nothing was changed. Ask for second, ten_seconds or five_minutes.",
                 {},
                 {}};
  std::uint32_t id = 0;
  if (!r.queue.empty()) {
    const Queue* queue = s.find_queue(r.queue);
    if (!queue) return no_queue(r.queue);
    id = queue->id;
  }
  std::vector<Sample> samples;
  const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(r.from.time_since_epoch().count(), 0));
  std::uint64_t slot = (first + ring->slot_ms - 1) / ring->slot_ms * ring->slot_ms;
  store::Row row;
  // From slot to slot: rows of other queues are skipped by one seek each.
  while (samples.size() < limits::page_messages && s.turn.tx->seek(Table::history, key::sample(r.resolution, slot, id), row) &&
         row.key.size() == 13 && static_cast<std::uint8_t>(row.key[0]) == static_cast<std::uint8_t>(r.resolution)) {
    const std::uint64_t found = be64(row.key, 1);
    const std::uint32_t queue = be32(row.key, 9);
    if (queue == id) {
      SampleRow sample;
      if (decode(row.value, sample)) samples.push_back(sample);
      slot = found + ring->slot_ms;
    } else {
      slot = queue < id ? found : found + ring->slot_ms;
    }
  }
  return samples;
}

}  // namespace

constinit const Handlers<model::HistoryVerbs> history_handlers{&get_history};

}  // namespace ackwire::engine
