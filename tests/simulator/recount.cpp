#include "recount.hpp"

#include <functional>

#include "engine/rows/body.hpp"
#include "format/record.hpp"
#include "format/run.hpp"

namespace ackwire::simulator {
namespace {

using engine::be32;
using engine::be64;
using store::Table;

class Reader {
 public:
  Reader(store::Transaction& transaction, Recount& out) : transaction_(transaction), out_(out) {}

  void read_all() {
    each(Table::state, std::string_view(engine::Key().u8('Q')), 5, [this](const store::Row& row) {
      QueueCount queue;
      if (!decode(row.value, queue.row)) return problem("a queue row cannot be read");
      if (!queue.row.removing) read_queue(be32(row.key, 1), queue);
      if (!queue.row.removing) out_.queues[queue.row.name] = std::move(queue);
    });
  }

 private:
  void problem(const std::string& text) {
    if (out_.problem.empty()) out_.problem = text;
  }

  void each(Table table, std::string_view prefix, std::size_t key_bytes, const std::function<void(const store::Row&)>& visit) {
    std::string at(prefix);
    store::Row row;
    while (transaction_.seek(table, at, row) && row.key.starts_with(prefix)) {
      at.assign(row.key);
      at.push_back('\0');
      if (row.key.size() == key_bytes) visit(row);
    }
  }

  void read_queue(std::uint32_t id, QueueCount& queue) {
    const auto state = transaction_.get(Table::state, engine::key::queue_state(id));
    if (!state || !decode(*state, queue.state)) return problem("the counters of a queue cannot be read");
    each(Table::state, std::string_view(engine::Key().u8('G').u32(id)), 9, [&](const store::Row& row) {
      GroupCount group;
      if (!decode(row.value, group.row)) return problem("a group row cannot be read");
      if (group.row.removing) return;
      const std::uint32_t group_id = be32(row.key, 5);
      read_blocks(id, group_id, group);
      read_taken_out(Table::retry, id, group_id, group);
      read_taken_out(Table::dead, id, group_id, group);
      check_due(id, group_id, group);
      std::uint64_t bodies = 0;
      each(Table::bodies, std::string_view(engine::Key().u32(id).u32(group_id)), 16, [&](const store::Row&) { ++bodies; });
      if (bodies != group.bodies) problem("bodies has a record that belongs to no message");
      queue.groups[group.row.name] = std::move(group);
    });
  }

  void read_blocks(std::uint32_t queue, std::uint32_t group_id, GroupCount& group) {
    each(Table::blocks, std::string_view(engine::Key().u32(queue)), 12, [&](const store::Row& row) {
      std::string_view bytes = row.value;
      format::Run run;
      if (!format::split_run(bytes, run) || !bytes.empty() || run.first_sequence != be64(row.key, 4))
        return problem("a block is damaged");
      std::string marks, begun;
      if (const auto sealed = transaction_.get(Table::marks, engine::key::at(queue, group_id, run.first_sequence))) {
        const auto payload = engine::unseal(*sealed);
        const std::size_t half = (run.count + 7) / 8;
        if (!payload || (payload->size() != half && payload->size() != 2 * half)) return problem("marks are damaged");
        marks = payload->substr(0, half);
        begun = payload->substr(half);
      }
      format::Record record;
      for (std::uint64_t i = 0; i < run.count; ++i) {
        const std::uint64_t sequence = run.first_sequence + i;
        if (!format::split(run.records, record)) return problem("a record cannot be split off its block");
        const bool marked = !marks.empty() && (marks[i / 8] >> (i % 8) & 1) != 0;
        if (marked || sequence < group.row.floor) continue;
        Place place;
        place.deliveries = sequence < group.row.cursor ? 1 : 0;
        place.attempts = !begun.empty() && (begun[i / 8] >> (i % 8) & 1) != 0 ? 1 : 0;
        place.body = record.body;
        place.sound = format::checksum_ok(record);
        ++group.blocks;
        add(group, sequence, std::move(place));
      }
    });
  }

  void read_taken_out(Table table, std::uint32_t queue, std::uint32_t group_id, GroupCount& group) {
    each(table, std::string_view(engine::Key().u32(queue).u32(group_id)), 16, [&](const store::Row& row) {
      Place place;
      if (!engine::read_taken_out(transaction_, row.key, row.value, place.row))
        return problem("a row of retry or dead cannot be read");
      if (place.row.record.size() != place.row.record_bytes())
        return problem("a record in bodies has another size than its row says");
      group.bodies += place.row.body_bytes != 0 ? 1 : 0;
      std::string_view rest = place.row.record;
      format::Record record;
      place.sound = format::split(rest, record) && rest.empty() && format::checksum_ok(record);
      place.body = record.body;
      place.where = table == Table::retry ? Where::retry : Where::dead;
      place.deliveries = place.row.deliveries;
      place.attempts = place.row.attempts;
      ++(table == Table::retry ? group.retry : group.dead);
      add(group, be64(row.key, 8), std::move(place));
    });
  }

  void check_due(std::uint32_t queue, std::uint32_t group_id, GroupCount& group) {
    each(Table::due, std::string_view(engine::Key().u32(queue).u32(group_id)), 24, [&](const store::Row& row) {
      ++group.due;
      const auto place = group.places.find(be64(row.key, 16));
      if (place == group.places.end() || place->second.where != Where::retry || place->second.row.time_ms != be64(row.key, 8)) {
        problem("a row of due names message " + std::to_string(be64(row.key, 16)) + ", which does not wait for that time");
      }
    });
  }

  void add(GroupCount& group, std::uint64_t sequence, Place place) {
    if (!group.places.emplace(sequence, std::move(place)).second) {
      problem("message " + std::to_string(sequence) + " of group " + group.row.name + " is in two places");
    }
  }

  store::Transaction& transaction_;
  Recount& out_;
};

}  // namespace

const GroupCount* Recount::group(const std::string& queue, const std::string& group_name) const {
  const auto found = queues.find(queue);
  if (found == queues.end()) return nullptr;
  const auto in_queue = found->second.groups.find(group_name);
  return in_queue == found->second.groups.end() ? nullptr : &in_queue->second;
}

Recount recount(store::Store& store) {
  Recount out;
  auto transaction = store.begin();
  if (!transaction) {
    out.problem = transaction.error().message;
    return out;
  }
  Reader(**transaction, out).read_all();
  return out;
}

}  // namespace ackwire::simulator
