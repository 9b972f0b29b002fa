// Every change of a message's state in a group passes here: the life-cycle table allows it or the turn ends, and the counters of
// the row, the sample and the dirtiness move together. How many are leased is counted with the leases.
#include <algorithm>
#include <array>

#include "engine/state.hpp"
#include "rules/require.hpp"

namespace ackwire::engine {
namespace {

using rules::Input;

/// What an input counts, whatever state it leads to.
struct CountedAs {
  std::uint64_t GroupRow::*row = nullptr;
  std::uint64_t Sample::*sample = nullptr;
};

constexpr std::array<CountedAs, rules::input_count> counted = [] {
  std::array<CountedAs, rules::input_count> table{};
  const auto set = [&table](Input input, CountedAs what) { table[static_cast<std::size_t>(input)] = what; };
  set(Input::publish, {&GroupRow::published});  // the sample counts it once for all groups
  set(Input::publish_delayed, {&GroupRow::published});
  set(Input::dispatch, {&GroupRow::delivered, &Sample::delivered});
  set(Input::ack, {&GroupRow::acked, &Sample::acked});
  set(Input::nack, {&GroupRow::nacked, &Sample::nacked});
  set(Input::nack_spent, {&GroupRow::nacked, &Sample::nacked});
  set(Input::reject, {&GroupRow::rejected});
  set(Input::release, {&GroupRow::released});
  set(Input::ttl_discard, {&GroupRow::expired, &Sample::expired});
  set(Input::redrive, {&GroupRow::redriven});
  set(Input::discard, {&GroupRow::discarded});
  set(Input::purge, {&GroupRow::discarded});
  return table;
}();

}  // namespace

void Engine::State::transition(Queue& queue, Group& group, rules::State from, Input input, std::uint64_t count,
                               std::uint64_t bytes) {
  const auto to = rules::next(from, input);
  rules::require(to.has_value(), "the life-cycle table allows the input in that state");
  GroupRow& row = group.row;
  const CountedAs& what = counted[static_cast<std::size_t>(input)];
  const bool counts = what.row || from == rules::State::dead || *to == rules::State::dead;
  group.dirty = group.dirty || counts;
  if (what.row) row.*what.row += count;
  if (what.sample) queue.sample.*what.sample += count;
  if (from == rules::State::none) row.published_bytes += bytes;
  if (rules::is_final(*to)) row.settled_bytes += bytes;
  if (from == rules::State::dead) {
    row.dead -= std::min(row.dead, count);  // of a damaged store, counters may be off
    row.dead_bytes -= std::min(row.dead_bytes, bytes);
  }
  if (*to == rules::State::dead) {
    row.dead += count;
    row.dead_lettered += count;
    row.dead_bytes += bytes;
    queue.sample.dead_lettered += count;
  }
}

}  // namespace ackwire::engine
