// Queues: made, looked at, changed, emptied, removed.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"
#include "rules/policy.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {
namespace {

/// Puts each counter of a row into the field of its name.
template <class Row, class Info>
void show_counters(const Row& row, Info& info) {
  each_field<Info>([&](const auto& field) {
    auto& shown = field.of(info);
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(shown)>, std::uint64_t>) {
      for (const auto& counter : Row::counters) {
        if (counter.name == field.name) shown = row.*counter.member;
      }
    }
  });
}

}  // namespace

Queue& Engine::State::make_queue(std::string_view name, const QueuePolicy& policy) {
  const std::uint32_t id = boot.next_queue++;
  turn.tx->put(Table::state, key::boot(), encode(boot));
  Queue& queue = queues[id];
  queue.id = id;
  queue.row.name = name;
  queue.row.created_ms = to_ms(turn.now.wall);
  queue.row.policy = policy;
  queue.state.kept_counted = true;
  queue.row_dirty = queue.dirty = true;
  queue.dedupe = std::make_unique<dedupe::Dedupe>(id);
  if (Status opened = queue.dedupe->open(*turn.tx); !opened) turn.damage("the dedupe store of queue " + queue.row.name);
  queue_names[queue.row.name] = &queue;
  touch(queue);
  turn.note({model::NoteKind::queue_created, turn.asking, queue.row.name, {}, {}, {}, 1});
  make_group(queue, "default", false);
  return queue;
}

QueueInfo Engine::State::info(const Queue& queue) {
  QueueInfo out;
  out.name = queue.row.name;
  out.id = queue.id;
  out.created = Timestamp{Duration{queue.row.created_ms}};
  out.policy = queue.row.policy;
  show_counters(queue.state, out);
  out.damaged = queue.damaged;
  out.dedupe_keys = queue.dedupe->size();
  for (const auto& [id, group] : queue.groups) {
    const GroupRow& row = group.row;
    GroupInfo g;
    g.name = row.name;
    show_counters(row, g);
    g.leased = group.leased;
    g.delayed = Group::less(row.retry, group.retry_leases.size() + group.ready_retry);
    g.ready = Group::less(group.outstanding(), g.leased + g.delayed);
    g.stale_settles = group.stale_settles;
    g.paused = row.paused;
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

std::size_t weight(const QueueInfo& queue) {
  constexpr std::size_t queue_weight = 1'024, group_weight = 512;
  return queue_weight + group_weight * queue.groups.size();
}

model::QueuePage page_of_queues(Engine::State& s, const std::string& from, std::uint32_t count) {
  std::vector<Queue*> found;
  for (const auto& [name, queue] : s.queue_names) {
    if (name >= from) found.push_back(queue);
  }
  const std::size_t shown = count == 0 ? found.size() : std::min<std::size_t>(count, found.size());
  const auto by_name = [](const Queue* a, const Queue* b) { return a->row.name < b->row.name; };
  // One more than is shown: it is where the next page begins.
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min(shown + 1, found.size())), found.end(),
                    by_name);
  model::QueuePage page;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i == shown || (count != 0 && bytes >= limits::page_shown_bytes)) {
      page.next = found[i]->row.name;
      break;
    }
    page.queues.push_back(s.info(*found[i]));
    bytes += weight(page.queues.back());
  }
  return page;
}

namespace {

Result<QueueInfo> create_queue(Engine::State& s, const model::CreateQueue& r) {
  if (Status good = rules::check_name("queue", r.queue); !good) return good.error();
  if (Status good = rules::check_policy(r.policy); !good) return good.error();
  if (Queue* queue = s.find_queue(r.queue)) {
    if (queue->row.policy == r.policy) return s.info(*queue);
    return Error{
        Errc::queue_exists,
        "Queue " + rules::quote(r.queue) + " exists with another policy. Nothing was changed. Use `queue set` to change it.",
        {},
        {}};
  }
  if (s.queues.size() >= limits::queues) {
    return Error{Errc::overloaded,
                 "There are " + std::to_string(s.queues.size()) + " queues, which is the limit. Nothing was made. Remove one.",
                 Duration{60'000},
                 {}};
  }
  return s.info(s.make_queue(r.queue, r.policy));
}

Result<QueueInfo> set_queue(Engine::State& s, const model::SetQueue& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  const QueuePolicy changed = rules::apply(queue->row.policy, r.change);
  if (Status good = rules::check_policy(changed); !good) return good.error();
  if (!(changed == queue->row.policy)) {
    s.turn.note({model::NoteKind::queue_changed, s.turn.asking, r.queue, {}, rules::difference(queue->row.policy, changed), {}, 1});
    queue->row.policy = changed;
    queue->row_dirty = true;
    for (auto& [id, group] : queue->groups) group.next_head_check = Duration{0};  // ttl may have changed
  }
  return s.info(*queue);
}

Result<QueueInfo> ensure_queue(Engine::State& s, const model::EnsureQueue& r) {
  if (s.find_queue(r.queue)) return set_queue(s, model::SetQueue{r.queue, r.change});
  return create_queue(s, model::CreateQueue{r.queue, rules::apply(QueuePolicy{}, r.change)});
}

Result<QueueInfo> get_queue(Engine::State& s, const model::GetQueue& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  return s.info(*queue);
}

Result<model::QueuePage> list_queues(Engine::State& s, const model::ListQueues& r) { return page_of_queues(s, r.from, r.count); }

Result<model::Done> remove_queue(Engine::State& s, const model::RemoveQueue& r) {
  Queue* queue = s.find_queue(r.queue);
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
  s.turn.note({model::NoteKind::queue_removed, s.turn.asking, r.queue, {}, {}, {}, held});
  s.remove_queue(*queue);
  return model::Done{};
}

Result<model::Purged> purge(Engine::State& s, const model::Purge& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue, "Nothing was purged.");
  s.write_turn_blocks(*queue);
  model::Purged answer;
  answer.below_sequence = r.below_sequence ? r.below_sequence : queue->state.next_sequence;
  for (auto& [id, group] : queue->groups) {
    // Handed out by a broker before this one: still coming back, the next chunk finds them.
    const bool settled = group.recovered_blocks.empty() && group.recovered_retry.empty() && group.returning.empty();
    if (!settled || !s.purge_retry(*queue, group, answer.below_sequence, answer.count) ||
        !s.purge_blocks(*queue, group, answer.below_sequence, answer.count)) {
      answer.more = true;
      break;
    }
  }
  if (answer.count > 0 || !answer.more)
    s.turn.note({model::NoteKind::queue_purged, s.turn.asking, r.queue, {}, {}, {}, answer.count});
  return answer;
}

}  // namespace

constinit const Handlers<model::QueueVerbs> queue_handlers{&create_queue, &ensure_queue, &set_queue, &get_queue,
                                                           &list_queues,  &remove_queue, &purge};

}  // namespace ackwire::engine
