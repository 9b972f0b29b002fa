#include "engine/verify.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "dedupe/dedupe.hpp"
#include "engine/repair/recount.hpp"
#include "engine/repair/repair_rows.hpp"
#include "engine/repair/salvage.hpp"
#include "engine/rows/body.hpp"
#include "format/record.hpp"
#include "format/run.hpp"

namespace ackwire::engine {
namespace {

using store::Table;

struct GroupCheck {
  GroupRow row;
  Counted pending, retry, dead;
  std::uint64_t due = 0;
  std::set<std::uint64_t> taken;   // sequences with a retry or dead row
  std::set<std::uint64_t> bodies;  // of them those whose record lies in `bodies`
};

struct QueueCheck {
  QueueRow row;
  QueueState state;
  std::map<std::uint32_t, GroupCheck> groups;
  std::set<std::uint32_t> removed_groups;
  std::uint64_t end_of_last_block = 0;
  std::uint64_t kept_messages = 0, kept_bytes = 0;
  bool blocks_are_whole = true;
};

class Verifier {
 public:
  Verifier(store::Transaction& tx, const VerifyWatch& watch) : tx_(tx), watch_(watch) {}

  VerifyReport run() {
    read_queues();
    read_retry(Table::retry);
    read_retry(Table::dead);
    read_bodies();
    read_due();
    read_marks();
    read_blocks();
    read_answers();
    each(Table::history, [&](std::string_view key, std::string_view value) {
      SampleRow sample;
      if (key.size() != 13) problem("history", key, "has a key of the wrong length");
      if (const Decoded read = decode(value, sample); !read) problem("history", key, read.fault());
    });
    if (!has_boot_row_ && report_.bytes > 0) problem("the row of the broker is missing from state");
    for (auto& [id, queue] : queues_) check_totals(queue);
    check_dedupe();
    return std::move(report_);
  }

 private:
  template <class Visit>
  void each(Table table, Visit visit) {
    static constexpr std::array<std::string_view, store::table_count> names{"state", "blocks", "marks",   "retry", "due",
                                                                            "dead",  "dedupe", "history", "bodies"};
    const std::string_view name = names[static_cast<std::size_t>(table)];
    store::Row row;
    std::string from(1, '\0');
    if (watch_) watch_(false, name, {});
    while (tx_.seek(table, from, row)) {
      if (row.key < from) return problem(name, row.key, "is out of order; what lies behind it was not looked at");
      report_.bytes += row.key.size() + row.value.size();
      from.assign(row.key);
      if (watch_) watch_(false, name, from);
      visit(std::string_view(from), row.value);
      from.push_back('\0');
    }
    if (tx_.status().ok() || std::exchange(unreadable_, true)) return;
    from.pop_back();
    found(std::string(name) + " " + hex(from) +
          ": what lies behind it cannot be read, and nothing more was looked at: " + tx_.status().error().message);
  }

  void problem(std::string_view table, std::string_view key, std::string_view what) {
    if (tx_.status().ok()) found(std::string(table) + " " + hex(key) + ": " + std::string(what));
  }
  void problem(std::string_view table, std::string_view key, const std::string& what, const Decoded& read) {
    problem(table, key, what + std::string(read.fault()));
  }
  void problem(const std::string& text) {
    if (tx_.status().ok()) found(text);
  }
  void found(const std::string& text) {
    if (report_.problems.size() >= verify_problems) return;
    report_.problems.push_back(text);
    if (watch_) watch_(true, text, {});
  }

  void read_queues() {
    std::map<std::uint32_t, std::pair<bool, bool>> seen;
    each(Table::state, [&](std::string_view key, std::string_view value) {
      if (key == std::string_view("E")) {
        has_boot_row_ = true;
        BootRow boot;
        if (const Decoded read = decode(value, boot); !read) problem("state", key, "the boot row ", read);
      } else if (key == std::string_view("L")) {
        LivesRow lives;
        if (const Decoded read = decode(value, lives); !read) problem("state", key, "the row of boot epochs ", read);
      } else if (key == std::string_view("T")) {
        TimeRow time;
        if (const Decoded read = decode(value, time); !read) problem("state", key, "the row of the time ", read);
      } else if (key[0] == 'Q' && key.size() == 5) {
        QueueCheck& queue = queues_[be32(key, 1)];
        if (const Decoded read = decode(value, queue.row); !read) problem("state", key, "the row of a queue ", read);
        if (queue.row.removing) {
          removed_.insert(be32(key, 1));
          queues_.erase(be32(key, 1));
        }
      }
    });
    each(Table::state, [&](std::string_view key, std::string_view value) {
      if (key.size() < 5 || (key[0] != 'S' && key[0] != 'G')) return;
      const std::uint32_t id = be32(key, 1);
      if (removed_.contains(id)) return;
      const auto queue = queues_.find(id);
      if (queue == queues_.end()) return problem("state", key, "belongs to no queue");
      if (key[0] == 'S') {
        seen[id].first = true;
        if (const Decoded read = decode(value, queue->second.state); !read)
          problem("state", key, "the row of counters of queue " + queue->second.row.name + " ", read);
        return;
      }
      GroupCheck group;
      if (const Decoded read = decode(value, group.row); !read)
        return problem("state", key, "a group of queue " + queue->second.row.name + " ", read);
      if (group.row.removing) {
        queue->second.removed_groups.insert(be32(key, 5));
      } else {
        queue->second.groups[be32(key, 5)] = std::move(group);
      }
    });
    for (const auto& [id, queue] : queues_) {
      if (!seen[id].first) problem("queue " + queue.row.name + " has no counters");
      if (queue.groups.empty()) problem("queue " + queue.row.name + " has no group");
      report_.groups += queue.groups.size();
    }
    report_.queues = queues_.size();
  }

  // The group of a key (queue, group, ...); nullptr when it is being removed or unknown (the latter is a problem).
  GroupCheck* group_of(std::string_view table, std::string_view key, std::size_t size) {
    if (key.size() != size) {
      problem(table, key, "has a key of the wrong length");
      return nullptr;
    }
    const std::uint32_t id = be32(key, 0);
    if (removed_.contains(id)) return nullptr;
    const auto queue = queues_.find(id);
    if (queue == queues_.end()) {
      problem(table, key, "belongs to no queue");
      return nullptr;
    }
    if (queue->second.removed_groups.contains(be32(key, 4))) return nullptr;
    const auto group = queue->second.groups.find(be32(key, 4));
    if (group != queue->second.groups.end()) return &group->second;
    problem(table, key, "belongs to no group of queue " + queue->second.row.name);
    return nullptr;
  }

  void read_retry(Table table) {
    const std::string_view name = table == Table::retry ? "retry" : "dead";
    each(table, [&](std::string_view key, std::string_view value) {
      GroupCheck* group = group_of(name, key, 16);
      if (!group) return;
      TakenOut row;
      if (const Decoded read = read_taken_out(tx_, key, value, row); !read) return problem(name, key, read.fault());
      const std::uint64_t sequence = be64(key, 8);
      (table == Table::retry ? group->retry : group->dead).add(row.record_bytes());
      ++(table == Table::retry ? report_.delayed : report_.dead);
      if (table == Table::retry && row.time_ms == leased_due) ++report_.in_flight;
      if (sequence >= queues_.at(be32(key, 0)).state.next_sequence) problem(name, key, "has a sequence that was never given");
      if (!group->taken.insert(sequence).second) problem(name, key, "is in retry and in dead at once");
      if (row.body_bytes != 0) group->bodies.insert(sequence);
      if (table == Table::dead) {
        // A dead letter may be there because its record was damaged.
        if (row.reason == static_cast<std::uint8_t>(DeadReason::damaged)) return;
      } else if (!tx_.get(Table::due, key::due(be32(key, 0), be32(key, 4), row.time_ms, sequence))) {
        problem(name, key, "has no row in the due index");
      }
      if (row.record_bytes() != row.record.size()) problem(name, key, "names a record of another size than the one in bodies");
      check_record(name, key, row.record);
    });
  }

  void read_bodies() {
    each(Table::bodies, [&](std::string_view key, std::string_view) {
      const GroupCheck* group = group_of("bodies", key, 16);
      if (group && !group->bodies.contains(be64(key, 8))) problem("bodies", key, "belongs to no message");
    });
  }

  void check_record(std::string_view table, std::string_view key, std::string_view bytes) {
    format::Record record;
    std::string_view rest = bytes;
    if (!format::split(rest, record) || !rest.empty() || !format::checksum_ok(record))
      problem(table, key, "its record fails its checksum");
  }

  void read_due() {
    each(Table::due, [&](std::string_view key, std::string_view) {
      GroupCheck* group = group_of("due", key, 24);
      if (!group) return;
      ++group->due;
      if (!tx_.get(Table::retry, key::at(be32(key, 0), be32(key, 4), be64(key, 16)))) problem("due", key, "points to no retry row");
    });
  }

  void read_marks() {
    each(Table::marks, [&](std::string_view key, std::string_view value) {
      GroupCheck* group = group_of("marks", key, 16);
      if (!group) return;
      if (!unseal(value)) problem("marks", key, "fails its checksum");
      if (!tx_.get(Table::blocks, key::block(be32(key, 0), be64(key, 8)))) problem("marks", key, "belongs to no block");
    });
  }

  void read_blocks() {
    each(Table::blocks, [&](std::string_view key, std::string_view value) {
      if (key.size() != 12) return problem("blocks", key, "has a key of the wrong length");
      const std::uint32_t id = be32(key, 0);
      if (removed_.contains(id)) return;
      const auto queue = queues_.find(id);
      if (queue == queues_.end()) return problem("blocks", key, "belongs to no queue");
      format::Run run;
      std::string_view bytes = value;
      if (!format::split_run(bytes, run) || !bytes.empty() || run.first_sequence != be64(key, 4)) {
        queue->second.blocks_are_whole = false;
        return problem("blocks", key, "its header fails its checksum");
      }
      ++report_.blocks;
      if (run.first_sequence < queue->second.end_of_last_block) problem("blocks", key, "overlaps the block before it");
      queue->second.end_of_last_block = run.first_sequence + run.count;
      queue->second.kept_messages += run.count;
      queue->second.kept_bytes += run.records.size();
      if (run.first_sequence + run.count > queue->second.state.next_sequence)
        problem("blocks", key, "has sequences that were never given");
      count_block(id, queue->second, run, key);
    });
  }

  void count_block(std::uint32_t id, QueueCheck& queue, const format::Run& run, std::string_view key) {
    std::vector<std::pair<std::size_t, bool>> records;  // size, whole
    std::string_view rest = run.records;
    format::Record record;
    for (const std::uint32_t size : record_sizes(run.records, run.count)) {
      std::string_view one = rest.substr(0, size);
      records.emplace_back(size, format::split(one, record) && one.empty() && format::checksum_ok(record));
      rest.remove_prefix(size);
    }
    report_.messages += run.count;
    std::vector<bool> needed(run.count);
    for (auto& [group_id, group] : queue.groups) {
      std::string bits;
      if (const auto row = tx_.get(Table::marks, key::at(id, group_id, run.first_sequence)))
        bits = std::string(unseal(*row).value_or(""));
      const std::size_t bytes = (run.count + 7) / 8;  // and as many again for what is begun
      if (!bits.empty() && bits.size() != bytes && bits.size() != 2 * bytes)
        problem("marks", key, "has the wrong length for its block");
      for (std::uint32_t i = 0; i < run.count; ++i) {
        const std::uint64_t sequence = run.first_sequence + i;
        const bool settled = sequence < group.row.floor || (i / 8 < bits.size() && (bits[i / 8] >> (i % 8) & 1));
        if (settled) continue;
        needed[i] = true;
        group.pending.add(records[i].first);
        if (sequence < group.row.cursor) ++report_.in_flight;
        if (group.taken.contains(sequence))
          problem("message " + std::to_string(sequence) + " of queue " + queue.row.name + ", group " + group.row.name +
                  " is in its block and in a row of its own at once");
      }
    }
    for (std::uint32_t i = 0; i < run.count; ++i) {
      if (needed[i] && !records[i].second)
        problem("blocks", key, "record " + std::to_string(run.first_sequence + i) + " fails its checksum");
    }
  }

  void read_answers() {
    each(Table::state, [&](std::string_view key, std::string_view value) {
      if (key[0] == 'P' && (key.size() != 29 || !unseal(value)))
        problem("state", key, "an answer to a producer fails its checksum");
      if (key[0] == 'J') check_job(key, value);
      if (key[0] == 'C' && !decode_number(value)) problem("state", key, "the concurrency of a group fails its checksum");
    });
  }

  void check_job(std::string_view key, std::string_view value) {
    JobRow job;
    if (key.size() != 9) return problem("state", key, "has a key of the wrong length");
    if (const Decoded read = decode(value, job); !read) problem("state", key, "the row of a job ", read);
  }

  void expect(const std::string& where, std::string_view counter, std::uint64_t stored, std::uint64_t counted) {
    if (stored == counted) return;
    problem(where + ": " + std::string(counter) + " is stored as " + std::to_string(stored) + " and counted as " +
            std::to_string(counted));
  }

  void check_totals(QueueCheck& queue) {
    if (queue.state.kept_counted && queue.blocks_are_whole) {
      expect("queue " + queue.row.name, "kept_messages", queue.state.kept_messages, queue.kept_messages);
      expect("queue " + queue.row.name, "kept_bytes", queue.state.kept_bytes, queue.kept_bytes);
    }
    for (auto& [id, group] : queue.groups) {
      const std::string where = "queue " + queue.row.name + ", group " + group.row.name;
      const GroupRow& row = group.row;
      expect(where, "retry", row.retry, group.retry.messages);
      expect(where, "due", group.due, group.retry.messages);
      expect(where, "dead", row.dead, group.dead.messages);
      expect(where, "dead_bytes", row.dead_bytes, group.dead.bytes);
      expect(where, "published", row.published,
             group.pending.messages + group.retry.messages + group.dead.messages + row.acked + row.expired + row.discarded);
      expect(where, "published_bytes", row.published_bytes,
             group.pending.bytes + group.retry.bytes + group.dead.bytes + row.settled_bytes);
      if (row.floor > row.cursor || row.cursor > queue.state.next_sequence)
        problem(where + ": floor, cursor and next sequence are not in order");
    }
  }

  void check_dedupe() {
    for (const auto& [id, queue] : queues_) {
      dedupe::Dedupe dedupe(id);
      if (const Status opened = dedupe.open(tx_); !opened) {
        problem("dedupe store of queue " + queue.row.name + ": " + opened.error().message);
        continue;
      }
      report_.dedupe_keys += dedupe.size();
    }
  }

  store::Transaction& tx_;
  const VerifyWatch& watch_;
  bool has_boot_row_ = false;
  bool unreadable_ = false;  // the tree of pages is damaged
  VerifyReport report_;
  std::map<std::uint32_t, QueueCheck> queues_;
  std::set<std::uint32_t> removed_;
};

}  // namespace

Result<VerifyReport> verify(store::Store& store, const VerifyWatch& watch) {
  auto tx = store.begin();
  if (!tx) return tx.error();
  return Verifier(**tx, watch).run();
}

}  // namespace ackwire::engine
