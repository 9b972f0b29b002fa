// Requests that are not on the hot path, and those about queues and groups.
#include <algorithm>
#include <numeric>

#include "ackwire/limits.hpp"
#include "ackwire/version.hpp"
#include "engine/admin/inspect.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"
#include "rules/policy.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {
namespace {

std::int64_t to_ms(Timestamp t) { return t.time_since_epoch().count(); }

// About how many bytes an answer has on the wire.
constexpr std::size_t small_weight = 512, sample_weight = 400, queue_weight = 1'024, group_weight = 512;

template <class R>
std::size_t weight(const R&) {
  return small_weight;
}
std::size_t weight(const QueueInfo& queue) { return queue_weight + group_weight * queue.groups.size(); }
std::size_t weight(const std::vector<QueueInfo>& queues) {
  return std::accumulate(queues.begin(), queues.end(), small_weight,
                         [](std::size_t sum, const QueueInfo& queue) { return sum + weight(queue); });
}
std::size_t weight(const BrokerStats& stats) { return weight(stats.queues); }
std::size_t weight(const std::vector<Sample>& samples) { return small_weight + sample_weight * samples.size(); }
template <class M>
std::size_t shown(const std::vector<M>& messages) {
  return std::accumulate(messages.begin(), messages.end(), small_weight,
                         [](std::size_t sum, const M& message) { return sum + shown_bytes(message); });
}
std::size_t weight(const PeekPage& page) { return shown(page.messages); }
std::size_t weight(const DeadPage& page) { return shown(page.letters); }

}  // namespace

model::Reply Engine::State::answer(const model::Request& what) {
  return std::visit([this](const auto& request) { return handle(request); }, what);
}

std::size_t Engine::State::request(SessionId session, std::uint32_t request, const model::Request& what) {
  turn.asking = session;
  model::Reply reply = answer(what);
  if (const Error* error = std::get_if<Error>(&reply))
    turn.note({model::NoteKind::request_refused, session, {}, {}, std::string(name(error->code)), error->message, 1});
  const std::size_t bytes = std::visit([](const auto& r) { return weight(r); }, reply);
  turn.effect(session, model::Answer{request, std::move(reply)});
  return bytes;
}

Queue& Engine::State::make_queue(std::string_view name, const QueuePolicy& policy) {
  const std::uint32_t id = boot.next_queue++;
  turn.tx->put(Table::state, key::boot(), encode(boot));
  Queue& queue = queues[id];
  queue.id = id;
  queue.row.name = name;
  queue.row.created_ms = to_ms(turn.now.wall);
  queue.row.policy = policy;
  queue.row_dirty = queue.dirty = true;
  queue.dedupe = std::make_unique<dedupe::Dedupe>(id);
  if (Status opened = queue.dedupe->open(*turn.tx); !opened) turn.damage("the dedupe store of queue " + queue.row.name);
  queue_names[queue.row.name] = &queue;
  touch(queue);
  turn.note({model::NoteKind::queue_created, turn.asking, queue.row.name, {}, {}, {}, 1});
  make_group(queue, "default", false);
  return queue;
}

Group& Engine::State::make_group(Queue& queue, std::string_view name, bool from_oldest) {
  const std::uint32_t id = queue.row.next_group++;
  queue.row_dirty = true;
  Group& group = queue.groups[id];
  group.id = id;
  group.dirty = true;
  group.row.name = name;
  group.row.cursor = group.row.floor = queue.state.next_sequence;
  if (from_oldest) count_kept(queue, group);
  return group;
}

// The oldest block that is kept becomes the start; what it and later ones hold counts as published to the group.
void Engine::State::count_kept(Queue& queue, Group& group) {
  write_turn_blocks(queue);
  std::uint64_t at = 0;
  format::Run run;
  bool fresh = false;
  while (read_block(queue, at, run, fresh)) {
    if (at == 0) group.row.cursor = group.row.floor = run.first_sequence;
    transition(queue, group, rules::State::none, rules::Input::publish, run.count, run.records.size());
    at = run.first_sequence + run.count;
  }
  group.recovered_until = group.row.cursor;
}

model::Reply Engine::State::handle(const model::CreateQueue& r) {
  if (Status good = rules::check_name("queue", r.queue); !good) return good.error();
  if (Status good = rules::check_policy(r.policy); !good) return good.error();
  if (Queue* queue = find_queue(r.queue)) {
    if (queue->row.policy == r.policy) return info(*queue);
    return Error{
        Errc::queue_exists,
        "Queue " + rules::quote(r.queue) + " exists with another policy. Nothing was changed. Use `queue set` to change it.",
        {},
        {}};
  }
  if (queues.size() >= limits::queues) {
    return Error{Errc::overloaded,
                 "There are " + std::to_string(queues.size()) + " queues, which is the limit. Nothing was made. Remove one.",
                 Duration{60'000},
                 {}};
  }
  return info(make_queue(r.queue, r.policy));
}

model::Reply Engine::State::handle(const model::EnsureQueue& r) {
  if (find_queue(r.queue)) return handle(model::SetQueue{r.queue, r.change});
  return handle(model::CreateQueue{r.queue, rules::apply(QueuePolicy{}, r.change)});
}

model::Reply Engine::State::handle(const model::SetQueue& r) {
  Queue* queue = find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  const QueuePolicy changed = rules::apply(queue->row.policy, r.change);
  if (Status good = rules::check_policy(changed); !good) return good.error();
  if (!(changed == queue->row.policy)) {
    turn.note({model::NoteKind::queue_changed, turn.asking, r.queue, {}, rules::difference(queue->row.policy, changed), {}, 1});
    queue->row.policy = changed;
    queue->row_dirty = true;
    for (auto& [id, group] : queue->groups) group.next_head_check = Duration{0};  // ttl may have changed
  }
  return info(*queue);
}

model::Reply Engine::State::handle(const model::GetQueue& r) {
  Queue* queue = find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  return info(*queue);
}

model::Reply Engine::State::handle(const model::ListQueues&) {
  std::vector<QueueInfo> all;
  for (const auto& [name, queue] : queue_names) all.push_back(info(*queue));
  std::sort(all.begin(), all.end(), [](const QueueInfo& a, const QueueInfo& b) { return a.name < b.name; });
  return all;
}

model::Reply Engine::State::handle(const model::CreateGroup& r) {
  if (Status good = rules::check_name("group", r.group); !good) return good.error();
  Queue* queue = find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  if (queue->find_group(r.group)) return model::Done{};
  if (queue->groups.size() >= limits::groups_per_queue) {
    return Error{Errc::overloaded,
                 "Queue " + rules::quote(r.queue) + " has " + std::to_string(queue->groups.size()) +
                     " groups, which is the limit. Nothing was made. Remove one.",
                 Duration{60'000},
                 {}};
  }
  make_group(*queue, r.group, r.from_oldest);
  turn.note({model::NoteKind::group_created, turn.asking, r.queue, r.group, {}, {}, 1});
  return model::Done{};
}

model::Reply Engine::State::handle(const model::RemoveGroup& r) {
  Queue* queue = find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  Group* group = queue->find_group(r.group);
  if (!group) return no_group(r.queue, r.group);
  if (queue->groups.size() == 1) {
    return Error{Errc::invalid_argument,
                 "Group " + rules::quote(r.group) + " is the last of queue " + rules::quote(r.queue) +
                     "; without a group messages would be lost. Nothing was changed. Remove the queue instead.",
                 {},
                 {}};
  }
  turn.note({model::NoteKind::group_removed, turn.asking, r.queue, r.group, {}, {}, group->outstanding() + group->row.dead});
  remove_group(*queue, *group);
  return model::Done{};
}

model::Reply Engine::State::handle(const model::RemoveQueue& r) {
  Queue* queue = find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  std::uint64_t held = 0;
  for (const auto& [id, group] : queue->groups) held += group.outstanding() + group.row.dead;
  if (held > 0 && !r.force) {
    return Error{Errc::not_empty,
                 "Queue " + rules::quote(r.queue) + " still holds messages or dead letters (" + std::to_string(held) +
                     " over its groups). Nothing was removed. Use force to discard them.",
                 {},
                 {}};
  }
  turn.note({model::NoteKind::queue_removed, turn.asking, r.queue, {}, {}, {}, held});
  remove_queue(*queue);
  return model::Done{};
}

QueueInfo Engine::State::info(const Queue& queue) {
  QueueInfo out;
  out.name = queue.row.name;
  out.id = queue.id;
  out.created = Timestamp{Duration{queue.row.created_ms}};
  out.policy = queue.row.policy;
  out.next_sequence = queue.state.next_sequence;
  out.published = queue.state.published;
  out.published_bytes = queue.state.published_bytes;
  out.duplicates_suppressed = queue.state.suppressed;
  out.refused = queue.refused;
  out.damaged = queue.damaged;
  out.dedupe_keys = queue.dedupe->size();
  for (const auto& [id, group] : queue.groups) {
    const GroupRow& row = group.row;
    GroupInfo g;
    g.name = row.name;
    g.leased = group.leased;
    g.delayed = Group::less(row.retry, group.retry_leases.size() + group.ready_retry);
    g.ready = Group::less(group.outstanding(), g.leased + g.delayed);
    g.dead = row.dead;
    g.published = row.published, g.acked = row.acked, g.expired = row.expired, g.discarded = row.discarded;
    g.delivered = row.delivered, g.redelivered = row.redelivered;
    g.nacked = row.nacked, g.rejected = row.rejected, g.released = row.released, g.lease_expired = row.lease_expired;
    g.stale_settles = group.stale_settles;
    g.dead_lettered = row.dead_lettered, g.redriven = row.redriven;
    g.consumers = static_cast<std::uint32_t>(group.consumers.size());
    g.oldest_age = oldest_age(queue, group);
    out.depth = std::max(out.depth, group.outstanding());
    out.depth_bytes = std::max(out.depth_bytes, group.outstanding_bytes());
    out.groups.push_back(std::move(g));
  }
  return out;
}

Duration Engine::State::oldest_age(const Queue& queue, const Group& group) {
  std::int64_t oldest = to_ms(turn.now.wall);
  store::Row row;
  if (turn.tx->seek(Table::retry, key::at(queue.id, group.id, 0), row) && row.key.size() == 16 && be32(row.key, 0) == queue.id &&
      be32(row.key, 4) == group.id) {
    TakenOut taken;
    if (decode(row.value, taken)) oldest = std::min(oldest, taken.publish_ms);
  }
  format::Run run;
  bool fresh = false;
  if (group.row.floor < queue.state.next_sequence && read_block(const_cast<Queue&>(queue), group.row.floor, run, fresh)) {
    oldest = std::min(oldest, static_cast<std::int64_t>(run.publish_time));
  }
  return Duration{to_ms(turn.now.wall) - oldest};
}

model::Reply Engine::State::handle(const model::GetStats&) {
  BrokerStats stats;
  stats.version = version();
  static constexpr char digits[] = "0123456789abcdef";
  for (const unsigned char byte : store.id()) stats.store_id += {digits[byte >> 4], digits[byte & 15]};
  stats.boot_epoch = boot.boot_epoch;
  stats.now = turn.now.wall;
  stats.started = turn.now.wall - (turn.now.mono - started);
  stats.consumers = static_cast<std::uint32_t>(consumers.subscriptions.size());
  stats.publishes_refused = !room.no_room().ok() || room.over_limit(0).has_value();
  stats.store_bytes = room.usage().used_bytes;
  stats.store_bytes_limit = room.usage().limit_bytes;
  stats.queues = std::get<std::vector<QueueInfo>>(handle(model::ListQueues{}));
  return stats;
}

}  // namespace ackwire::engine
