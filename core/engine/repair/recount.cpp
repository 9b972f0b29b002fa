#include "engine/repair/recount.hpp"

#include <algorithm>

#include "engine/repair/salvage.hpp"
#include "format/run.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {
namespace {

using store::Table;

template <class Visit>
void each(store::Transaction& tx, Table table, std::string_view prefix, Visit visit) {
  store::Row row;
  for (store::Scan scan(tx, table, prefix); scan.next(row);) visit(row.key, row.value);
}

Counted count_rows(store::Transaction& tx, Table table, std::uint32_t queue, std::uint32_t group) {
  Counted counted;
  each(tx, table, Key().u32(queue).u32(group), [&](std::string_view, std::string_view value) {
    TakenOut row;
    counted.add(decode(value, row) ? row.record_bytes() : value.size());
  });
  return counted;
}

bool marked(std::string_view bits, std::uint32_t i) { return i / 8 < bits.size() && (bits[i / 8] >> (i % 8) & 1) != 0; }

/// Takes `excess` off `counter`, as far as it goes.
void take_off(std::uint64_t& counter, std::uint64_t& excess) {
  const std::uint64_t part = std::min(counter, excess);
  counter -= part;
  excess -= part;
}

}  // namespace

Present count_present(store::Transaction& tx, std::uint32_t queue, std::uint32_t group, std::uint64_t floor) {
  Present present;
  each(tx, Table::blocks, Key().u32(queue), [&](std::string_view at, std::string_view value) {
    format::Run run;
    if (at.size() != 12 || !format::split_run(value, run)) return;
    const auto sizes = record_sizes(run.records, run.count);
    std::string bits;
    if (const auto row = tx.get(Table::marks, key::at(queue, group, run.first_sequence))) bits = unseal(*row).value_or("");
    for (std::uint32_t i = 0; i < run.count; ++i) {
      if (run.first_sequence + i >= floor && !marked(bits, i)) present.pending.add(sizes[i]);
    }
  });
  present.retry = count_rows(tx, Table::retry, queue, group);
  present.dead = count_rows(tx, Table::dead, queue, group);
  return present;
}

std::vector<std::string> reconcile(GroupRow& row, const Present& present) {
  std::vector<std::string> changes;
  const GroupRow before = row;
  row.retry = present.retry.messages;
  row.dead = present.dead.messages;
  row.dead_bytes = present.dead.bytes;
  const std::uint64_t there = present.pending.messages + present.retry.messages + present.dead.messages;
  std::uint64_t said = there + row.acked + row.expired + row.discarded;
  if (said > row.published) {
    std::uint64_t excess = said - row.published;
    for (std::uint64_t* counter : {&row.acked, &row.discarded, &row.expired}) take_off(*counter, excess);
    said = there + row.acked + row.expired + row.discarded;
  }
  row.published = said;
  const std::uint64_t bytes = present.pending.bytes + present.retry.bytes + present.dead.bytes;
  row.published_bytes = std::max(row.published_bytes, bytes);
  row.settled_bytes = row.published_bytes - bytes;
  const auto tell = [&changes](std::string_view name, std::uint64_t was, std::uint64_t is) {
    if (was != is) changes.push_back(std::string(name) + " was " + std::to_string(was) + " and is " + std::to_string(is));
  };
  tell("published", before.published, row.published);
  tell("published_bytes", before.published_bytes, row.published_bytes);
  tell("acked", before.acked, row.acked);
  tell("expired", before.expired, row.expired);
  tell("discarded", before.discarded, row.discarded);
  tell("settled_bytes", before.settled_bytes, row.settled_bytes);
  tell("retry", before.retry, row.retry);
  tell("dead", before.dead, row.dead);
  tell("dead_bytes", before.dead_bytes, row.dead_bytes);
  return changes;
}

}  // namespace ackwire::engine
