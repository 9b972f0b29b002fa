// The DLQ: looked at page by page, redriven or discarded chunk by chunk.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/inspect.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

bool matches(const DeadFilter& filter, const TakenOut& row) {
  return !filter.reason || static_cast<std::uint8_t>(*filter.reason) == row.reason;
}

/// What comes back is counted again, and a queue holds no more than its policy says.
bool has_room(const QueuePolicy& policy, const Group& group, std::size_t record_bytes) {
  return group.outstanding() < policy.max_depth && group.outstanding_bytes() + record_bytes <= policy.max_depth_bytes;
}

Error no_depth_left(const Queue& queue, const Group& group) {
  const QueuePolicy& policy = queue.row.policy;
  const std::string limit = group.outstanding() >= policy.max_depth ? "max_depth = " + std::to_string(policy.max_depth)
                                                                    : "max_depth_bytes = " + std::to_string(policy.max_depth_bytes);
  return {Errc::overloaded,
          "Queue " + queue.row.name + " holds " + std::to_string(group.outstanding()) + " messages; its limit is " + limit +
              ". The dead letters that are left stay where they are. Wait for consumers, or raise the limit; then redrive again.",
          depth_retry_after,
          {}};
}

DeadLetter letter(std::uint64_t sequence, TakenOut& row, std::uint64_t body_bytes) {
  DeadLetter out;
  out.sequence = sequence;
  out.reason = static_cast<DeadReason>(row.reason);
  out.detail = std::move(row.detail);
  out.deliveries = row.deliveries;
  out.attempts = row.attempts;
  out.redrives = row.redrives;
  out.publish_time = Timestamp{Duration{row.publish_ms}};
  out.dead_time = Timestamp{Duration{static_cast<std::int64_t>(row.time_ms)}};
  out.errors.assign(row.errors.begin(), row.errors.end());
  show_record(row.record, body_bytes, out);
  return out;
}

/// Walks the dead letters of one group in order of sequence, or just the named ones.
class DeadWalk {
 public:
  DeadWalk(Engine::State& state, Queue& queue, Group& group, const DeadFilter& filter, std::uint64_t from)
      : s_(state),
        queue_(queue),
        group_(group),
        filter_(filter),
        next_(std::max<std::uint64_t>(from, 1)),
        named_(filter.sequences) {
    std::sort(named_.begin(), named_.end());
    named_.erase(std::unique(named_.begin(), named_.end()), named_.end());
    named_.erase(named_.begin(), std::lower_bound(named_.begin(), named_.end(), next_));
  }

  /// The next letter that matches; false at the end, and when a page was looked through. Named ones that are not there go to
  /// missing().
  bool next(std::uint64_t& sequence, TakenOut& row) {
    while (looked_ < looked_most && read_ < limits::page_bytes && step(sequence, row)) {
      ++looked_;
      read_ += row.record.size();
      if (matches(filter_, row)) return true;
    }
    return false;
  }
  /// Where to go on, 0 at the end.
  std::uint64_t resume() const { return ended_ ? 0 : next_; }
  std::vector<std::uint64_t>& missing() { return missing_; }

 private:
  bool step(std::uint64_t& sequence, TakenOut& row) {
    if (!filter_.sequences.empty()) return step_named(sequence, row);
    store::Row found;
    if (!s_.turn.tx->seek(Table::dead, key::at(queue_.id, group_.id, next_), found) || found.key.size() != 16 ||
        be32(found.key, 0) != queue_.id || be32(found.key, 4) != group_.id) {
      ended_ = true;
      return false;
    }
    return read(found.key, found.value, sequence, row);
  }

  bool step_named(std::uint64_t& sequence, TakenOut& row) {
    for (; at_ < named_.size(); ++at_) {
      const Key wanted = key::at(queue_.id, group_.id, named_[at_]);
      const auto value = s_.turn.tx->get(Table::dead, wanted);
      if (!value) {
        missing_.push_back(named_[at_]);
        continue;
      }
      ++at_;
      return read(wanted, *value, sequence, row);
    }
    ended_ = true;
    return false;
  }

  bool read(std::string_view key, std::string_view value, std::uint64_t& sequence, TakenOut& row) {
    sequence = be64(key, 8);
    next_ = sequence + 1;
    s_.read_dead(queue_, group_, sequence, value, row);
    return true;
  }

  Engine::State& s_;
  Queue& queue_;
  Group& group_;
  static constexpr std::uint32_t looked_most = 2 * limits::page_messages;
  const DeadFilter& filter_;
  std::uint32_t looked_ = 0;
  std::size_t read_ = 0;
  std::uint64_t next_;
  std::vector<std::uint64_t> named_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::vector<std::uint64_t> missing_;
};

}  // namespace

namespace {

Result<DeadPage> get_dead_letters(Engine::State& s, const model::GetDeadLetters& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  Group* group = queue->find_group(r.group);
  if (!group) return no_group(r.queue, r.group);
  if (r.count == 0 || r.count > limits::page_messages || r.filter.sequences.size() > limits::page_messages) {
    return Error{Errc::out_of_range,
                 "A page was asked for with count " + std::to_string(r.count) + " and " +
                     std::to_string(r.filter.sequences.size()) + " named sequences; it has 1 to " +
                     std::to_string(limits::page_messages) +
                     " dead letters, and as many can be named. Nothing was changed. Ask page by page.",
                 {},
                 {}};
  }
  DeadPage page;
  page.total = group->row.dead;
  DeadWalk walk(s, *queue, *group, r.filter, r.from);
  std::uint64_t sequence = 0;
  TakenOut row;
  std::size_t shown = 0;
  while (page.letters.size() < r.count && shown < limits::page_shown_bytes && walk.next(sequence, row)) {
    page.letters.push_back(letter(sequence, row, r.body_bytes));
    shown += shown_bytes(page.letters.back());
  }
  page.next = walk.resume();
  return page;
}

Result<model::Moved> move_dead(Engine::State& s, const model::MoveDead& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  Group* group = queue->find_group(r.group);
  if (!group) return no_group(r.queue, r.group);
  if (r.filter.sequences.size() > limits::page_messages) {
    return Error{Errc::out_of_range,
                 std::to_string(r.filter.sequences.size()) + " sequences were named, at most " +
                     std::to_string(limits::page_messages) + " can be at once. Nothing was moved. Name them in parts.",
                 {},
                 {}};
  }
  model::Moved answer;
  answer.dead_until_ms = r.dead_until_ms ? r.dead_until_ms : s.turn.now.wall.time_since_epoch().count();
  const auto note_moved = [&](std::uint64_t count) {
    const bool back = r.action == model::DeadAction::redrive;
    if (count > 0)
      s.turn.note({back ? model::NoteKind::redriven : model::NoteKind::discarded, s.turn.asking, r.queue, r.group, {}, {}, count});
  };
  DeadWalk walk(s, *queue, *group, r.filter, r.from);
  std::uint64_t sequence = 0;
  TakenOut row;
  while (s.turn.budget > 0 && walk.next(sequence, row)) {
    --s.turn.budget;
    if (static_cast<std::int64_t>(row.time_ms) > answer.dead_until_ms) continue;  // died after the start
    if (r.action == model::DeadAction::redrive && !is_whole(row)) continue;       // it could not be delivered
    if (r.action == model::DeadAction::redrive && !has_room(queue->row.policy, *group, row.record_bytes())) {
      if (answer.moved.moved == 0) return no_depth_left(*queue, *group);
      note_moved(answer.moved.moved);
      answer.moved.not_found = walk.missing();
      answer.next = sequence;
      answer.more = true;
      return answer;
    }
    s.turn.tx->erase(Table::dead, key::at(queue->id, group->id, sequence));
    ++answer.moved.moved;
    if (r.action == model::DeadAction::discard) {
      s.discard_message(*queue, *group, sequence, row, rules::State::dead);
      continue;
    }
    s.transition(*queue, *group, rules::State::dead, rules::Input::redrive, 1, row.record_bytes());
    ++row.redrives;
    row.attempts = 0;
    s.put_retry(*queue, *group, sequence, row, due_at_once);
  }
  note_moved(answer.moved.moved);
  answer.moved.not_found = walk.missing();
  answer.next = walk.resume();
  answer.more = answer.next != 0;
  return answer;
}

}  // namespace

constinit const Handlers<model::DeadLetterVerbs> dead_letter_handlers{&get_dead_letters, &move_dead};

}  // namespace ackwire::engine
