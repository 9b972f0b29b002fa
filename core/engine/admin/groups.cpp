// Consumer groups: made and removed.
#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"
#include "rules/policy.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {

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
  format::Run oldest;
  bool fresh = false;
  if (read_block(queue, 0, oldest, fresh)) group.row.cursor = group.row.floor = oldest.first_sequence;
  group.recovered_until = group.row.cursor;
  if (!queue.state.kept_counted) count_blocks(queue);
  transition(queue, group, rules::State::none, rules::Input::publish, queue.state.kept_messages, queue.state.kept_bytes);
}

// Once, in a store from before they were counted, or after damage.
void Engine::State::count_blocks(Queue& queue) {
  queue.state.kept_messages = queue.state.kept_bytes = 0;
  format::Run run;
  bool fresh = false;
  for (std::uint64_t at = 0; read_block(queue, at, run, fresh); at = run.first_sequence + run.count) {
    queue.state.kept_messages += run.count;
    queue.state.kept_bytes += run.records.size();
  }
  queue.state.kept_counted = true;
  queue.dirty = true;
}

namespace {

Result<model::Done> create_group(Engine::State& s, const model::CreateGroup& r) {
  if (Status good = rules::check_name("group", r.group); !good) return good.error();
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  if (queue->find_group(r.group)) return model::Done{};
  if (queue->groups.size() >= limits::groups_per_queue) {
    return Error{Errc::overloaded,
                 "Queue " + rules::quote(r.queue) + " has " + std::to_string(queue->groups.size()) +
                     " groups, which is the limit. Nothing was made. Remove one.",
                 Duration{60'000},
                 {}};
  }
  s.make_group(*queue, r.group, r.from_oldest);
  s.turn.note({model::NoteKind::group_created, s.turn.asking, r.queue, r.group, {}, {}, 1});
  return model::Done{};
}

Result<model::Done> remove_group(Engine::State& s, const model::RemoveGroup& r) {
  Queue* queue = s.find_queue(r.queue);
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
  s.turn.note({model::NoteKind::group_removed, s.turn.asking, r.queue, r.group, {}, {}, group->outstanding() + group->row.dead});
  s.remove_group(*queue, *group);
  return model::Done{};
}

Result<model::Done> pause_group(Engine::State& s, const model::PauseGroup& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  Group* group = queue->find_group(r.group);
  if (!group) return no_group(r.queue, r.group);
  if (group->row.paused == r.paused) return model::Done{};
  group->row.paused = r.paused;
  group->dirty = true;
  tell(s, r.verb, r.queue, r.group, r.paused ? "paused" : "resumed");
  return model::Done{};
}

}  // namespace

constinit const Handlers<model::GroupVerbs> group_handlers{&create_group, &remove_group, &pause_group};

}  // namespace ackwire::engine
