#include "engine/repair/repair.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "dedupe/dedupe.hpp"
#include "dedupe/row.hpp"
#include "engine/repair/recount.hpp"
#include "engine/repair/repair_rows.hpp"
#include "engine/repair/salvage.hpp"
#include "engine/rows/body.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "rules/policy.hpp"

namespace ackwire::engine {
namespace {

using store::Table;

// Above every sequence that can be found when the row that tells the next one is lost: what was given and is final left no trace.
constexpr std::uint64_t lost_sequences = 1ull << 20;

class Repair {
 public:
  Repair(store::Store& store, store::Transaction& tx, Timestamp now) : store_(store), tx_(tx), now_(now) {}

  std::vector<std::string> run() {
    mend_state_rows();
    read_queues();
    repair_blocks();
    for (auto& [id, queue] : queues_) {
      if (queue.row.removing) continue;
      for (auto& [group_id, group] : queue.groups) {
        RowRepair rows(tx_, lines_, now_, id, group_id, queue.row.name + ", group " + group.name);
        rows.repair_marks(group);
        rows.repair_blocks(group);
      }
      split_blocks(id, queue);
      for (auto& [group_id, group] : queue.groups) {
        RowRepair rows(tx_, lines_, now_, id, group_id, queue.row.name + ", group " + group.name);
        rows.repair_taken_out();
        rows.repair_bodies();
        rows.repair_due();
        recount(id, group_id, queue, group);
      }
      repair_keys(id, queue);
      recount_blocks(id, queue);
    }
    repair_history();
    return lines_.take();
  }

 private:
  struct QueueRows {
    QueueRow row;
    QueueState state;
    bool has_row = false, has_state = false;
    std::map<std::uint32_t, GroupRow> groups;
    std::vector<std::uint32_t> lost_groups;
  };

  void put(const std::string& at, const std::string& value, const std::string& line) {
    tx_.put(Table::state, at, value);
    lines_.add(line);
  }

  // Every row of `state` is sealed; what one bit explains is mended before anything is read.
  void mend_state_rows() {
    for (const std::string& at : keys_of(tx_, Table::state)) {
      const auto value = tx_.get(Table::state, at);
      if (!value || unseal(*value)) continue;
      if (const auto mended = mend_sealed(*value)) put(at, *mended, "state " + hex(at) + ": one bit was wrong and was put right");
    }
  }

  void read_queues() {
    BootRow boot;
    std::uint32_t queue_most = 0;
    for (const std::string& at : keys_of(tx_, Table::state)) {
      if (at.size() < 5) continue;
      const std::uint32_t id = be32(at, 1);
      const std::string value(tx_.get(Table::state, at).value_or(""));
      if (at[0] == 'Q' && at.size() == 5) {
        queue_most = std::max(queue_most, id);
        queues_[id].has_row = static_cast<bool>(decode(value, queues_[id].row));
      } else if (at[0] == 'S' && at.size() == 5) {
        queues_[id].has_state = static_cast<bool>(decode(value, queues_[id].state));
      } else if (at[0] == 'G' && at.size() == 9) {
        GroupRow group;
        if (decode(value, group)) {
          if (!group.removing) queues_[id].groups[be32(at, 5)] = group;
        } else {
          queues_[id].lost_groups.push_back(be32(at, 5));
        }
      } else if (at[0] == 'P' && !unseal(value)) {
        repair_answer(at);
      } else if (JobRow job; at[0] == 'J' && (at.size() != 9 || !decode(value, job))) {
        tx_.erase(Table::state, at);
        lines_.add("state " + hex(at) +
                   ": the row of a job was lost and erased; what it did stays done, start it again for the rest");
      } else if (at[0] == 'C' && !decode_number(value)) {
        put(at, encode_number(~std::uint64_t{0}),
            "state " + hex(at) + ": the concurrency of a group was lost; what was handed out counts as begun");
      }
    }
    const auto row = tx_.get(Table::state, key::boot());
    if (!queues_.empty() && (!row || !decode(*row, boot))) {
      boot.boot_epoch = epoch_ms(now_);  // above that of any earlier start, which was at least the time of that start
      boot.next_queue = queue_most + 1;
      boot.last_wall_ms = epoch_ms(now_);
      put(std::string(std::string_view(key::boot())), encode(boot),
          "state 45: the row of the broker was lost; the boot epoch goes on from " + std::to_string(boot.boot_epoch));
    }
    repair_small<LivesRow>(key::lives(), "the boot epochs of earlier lives were lost; every earlier life counts as known");
    repair_small<TimeRow>(key::time(), "the last time was lost; the next start goes by the system's clock");
    for (auto& [id, queue] : queues_) {
      if (!queue.has_row) replace_queue(id, queue);
      if (queue.row.removing) continue;
      for (const std::uint32_t group : queue.lost_groups) replace_group(id, group, queue);
      if (!queue.has_state) replace_state(id, queue);
    }
  }

  /// A row that the next start writes anew.
  template <class Row>
  void repair_small(const Key& key, const char* what) {
    const std::string at{std::string_view(key)};
    const auto value = tx_.get(Table::state, at);
    Row row;
    if (value && !decode(*value, row)) put(at, encode(Row{}), "state " + hex(at) + ": " + what);
  }

  void repair_answer(const std::string& at) {
    std::string payload(16, '\0');
    const std::uint64_t wall = epoch_ms(now_);
    std::memcpy(payload.data(), &wall, 8);
    put(at, seal(payload),
        "state " + hex(at) + ": an answer to a producer was lost; its repeat is told that the outcome is not known");
  }

  void replace_queue(std::uint32_t id, QueueRows& queue) {
    queue.row = QueueRow{};
    queue.row.name = "recovered-" + std::to_string(id);
    queue.row.created_ms = static_cast<std::int64_t>(epoch_ms(now_));
    for (const auto& [group, row] : queue.groups) queue.row.next_group = std::max(queue.row.next_group, group + 1);
    for (const std::uint32_t group : queue.lost_groups) queue.row.next_group = std::max(queue.row.next_group, group + 1);
    put(std::string(std::string_view(key::queue(id))), encode(queue.row),
        "the row of queue " + std::to_string(id) + " was lost: its name is " + queue.row.name + " now, its policy the default");
  }

  // The position of the group is lost: it goes on from the oldest block, past those whose marks say that it has been there.
  void replace_group(std::uint32_t id, std::uint32_t group_id, QueueRows& queue) {
    GroupRow group;
    group.name = queue.groups.empty() && queue.lost_groups.size() == 1 ? "default" : "recovered-" + std::to_string(group_id);
    bool first = true;
    for (const std::string& at : keys_of(tx_, Table::blocks, Key().u32(id))) {
      if (at.size() != 12) continue;
      const std::uint64_t base = be64(at, 4);
      if (std::exchange(first, false)) group.floor = group.cursor = base;
      format::Run run;
      const auto value = tx_.get(Table::blocks, at);
      std::string_view bytes = value.value_or("");
      if (tx_.get(Table::marks, key::at(id, group_id, base)) && format::split_run(bytes, run)) group.cursor = base + run.count;
    }
    if (first && queue.has_state) group.floor = group.cursor = queue.state.next_sequence;
    queue.groups[group_id] = group;
    put(std::string(std::string_view(key::group(id, group_id))), encode(group),
        "the row of group " + std::to_string(group_id) + " of queue " + queue.row.name + " was lost: its name is " + group.name +
            " now, and it goes on from message " + std::to_string(group.cursor) + "; some of what follows may have been acked");
  }

  void replace_state(std::uint32_t id, QueueRows& queue) {
    std::uint64_t next = 1;
    for (const auto& [group, row] : queue.groups) {
      next = std::max(next, row.cursor);
      queue.state.published = std::max(queue.state.published, row.published);
      queue.state.published_bytes = std::max(queue.state.published_bytes, row.published_bytes);
    }
    for (const Table table : {Table::blocks, Table::retry, Table::dead}) {
      for (const std::string& at : keys_of(tx_, table, Key().u32(id)))
        next = std::max(next, be64(at, at.size() - 8) + (table == Table::blocks ? format::block_bytes : 1));
    }
    queue.state.next_sequence = next + lost_sequences;
    put(std::string(std::string_view(key::queue_state(id))), encode(queue.state),
        "the counters of queue " + queue.row.name + " were lost: sequences go on from " +
            std::to_string(queue.state.next_sequence) + ", which was never given");
  }

  void repair_blocks() {
    for (const std::string& at : keys_of(tx_, Table::blocks)) {
      if (at.size() != 12) continue;
      const std::uint64_t base = be64(at, 4);
      std::string block(tx_.get(Table::blocks, at).value_or(""));
      format::Run run;
      std::string_view bytes = block;
      if (format::split_run(bytes, run) && bytes.empty() && run.first_sequence == base && run.count > 0) continue;
      const auto queue = queues_.find(be32(at, 0));
      if (queue == queues_.end() || queue->second.row.removing) continue;
      if (mend_run_header(block, base)) {
        lines_.add("blocks " + hex(at) + ": one bit of its header was wrong and was put right");
      } else {
        store::Row next;
        std::uint64_t end = queue->second.state.next_sequence;
        if (tx_.seek(Table::blocks, key::block(be32(at, 0), base + 1), next) && next.key.starts_with(at.substr(0, 4)))
          end = be64(next.key, 4);
        replace_run_header(block, base, epoch_ms(now_), std::max<std::uint64_t>(end, base + 1) - base);
        lines_.add("blocks " + hex(at) + ": its header was lost and made anew");
      }
      tx_.put(Table::blocks, at, block);
    }
  }

  void recount_blocks(std::uint32_t id, QueueRows& queue) {
    if (!queue.has_state || !queue.state.kept_counted) return;  // counted when it is needed
    std::uint64_t messages = 0, bytes = 0;
    for (const std::string& at : keys_of(tx_, Table::blocks, Key().u32(id))) {
      format::Run run;
      const auto value = tx_.get(Table::blocks, at);
      std::string_view block = value.value_or("");
      if (!format::split_run(block, run)) continue;
      messages += run.count;
      bytes += run.records.size();
    }
    if (messages == queue.state.kept_messages && bytes == queue.state.kept_bytes) return;
    const std::string line = "the blocks of queue " + queue.row.name + " hold " + std::to_string(messages) +
                             " messages; its row said " + std::to_string(queue.state.kept_messages);
    queue.state.kept_messages = messages;
    queue.state.kept_bytes = bytes;
    put(std::string(std::string_view(key::queue_state(id))), encode(queue.state), line);
  }

  // What is damaged is in the dead letters of each group that needed it: the sound records around it stay, in blocks of their own.
  void split_blocks(std::uint32_t id, const QueueRows& queue) {
    for (const std::string& at : keys_of(tx_, Table::blocks, Key().u32(id))) {
      BlockParts parts(std::string(tx_.get(Table::blocks, at).value_or("")));
      if (parts.sound()) continue;
      std::map<std::uint32_t, std::string> marks;
      for (const auto& [group, row] : queue.groups) {
        const auto stored = tx_.get(Table::marks, key::at(id, group, parts.base()));
        if (stored) marks[group] = unseal(*stored).value_or("");
        if (stored) tx_.erase(Table::marks, key::at(id, group, parts.base()));
      }
      tx_.erase(Table::blocks, at);
      parts.each_sound([&](std::uint32_t first, std::uint32_t count, const std::string& block) {
        tx_.put(Table::blocks, key::block(id, parts.base() + first), block);
        for (const auto& [group, bits] : marks) {
          const std::string part = parts.marks_of(bits, first, count);
          if (!part.empty()) tx_.put(Table::marks, key::at(id, group, parts.base() + first), seal(part));
        }
      });
      lines_.add("blocks " + hex(at) + ": damaged records were taken out of it");
    }
  }

  void recount(std::uint32_t id, std::uint32_t group_id, const QueueRows& queue, GroupRow& group) {
    GroupRow counted = group;
    const auto changes = reconcile(counted, count_present(tx_, id, group_id, group.floor));
    counted.cursor = std::min(counted.cursor, queue.state.next_sequence);
    counted.floor = std::min(counted.floor, counted.cursor);
    const std::string before = encode(group);
    group = counted;
    if (encode(group) == before) return;
    tx_.put(Table::state, key::group(id, group_id), encode(group));
    for (const std::string& change : changes) lines_.add("queue " + queue.row.name + ", group " + group.name + ": " + change);
  }

  void repair_keys(std::uint32_t id, const QueueRows& queue) {
    for (const std::string& at : keys_of(tx_, Table::dedupe, Key().u32(id))) {
      std::string value(tx_.get(Table::dedupe, at).value_or(""));
      std::string_view bytes = value;
      if (dedupe::split_checksum(bytes) || !mend_key_row(value)) continue;
      tx_.put(Table::dedupe, at, value);
      lines_.add("dedupe " + hex(at) + ": one bit was wrong and was put right");
    }
    if (dedupe::Dedupe(id).open(tx_)) return;
    const auto rows = keys_of(tx_, Table::dedupe, Key().u32(id));
    for (const std::string& at : rows) tx_.erase(Table::dedupe, at);
    dedupe::Dedupe keys(id);
    std::uint64_t kept = 0;
    if (!keys.open(tx_)) return;
    const auto remember = [&](std::uint64_t sequence, std::string_view bytes) {
      format::Record record;
      if (!format::split(bytes, record) || record.key.empty() || !format::checksum_ok(record)) return;
      keys.add({dedupe::hash_key(store_.secret(), record.key), sequence, dedupe::fingerprint(record)});
      ++kept;
    };
    for (const Table table : {Table::retry, Table::dead}) {
      for (const std::string& at : keys_of(tx_, table, Key().u32(id))) {
        TakenOut row;
        if (at.size() == 16 && read_taken_out(tx_, at, tx_.get(table, at).value_or(""), row)) remember(be64(at, 8), row.record);
      }
    }
    for (const std::string& at : keys_of(tx_, Table::blocks, Key().u32(id))) {
      format::Run run;
      const std::string block(tx_.get(Table::blocks, at).value_or(""));
      std::string_view bytes = block;
      if (!format::split_run(bytes, run)) continue;
      for (std::uint32_t i = 0; i < run.count; ++i) remember(run.first_sequence + i, record_at(run.records, run.count, i));
    }
    keys.write(tx_, now_, queue.row.policy.dedupe_window, 0,
               [](std::uint64_t, std::uint64_t) { return std::vector<dedupe::DedupeEntry>{}; });
    lines_.add("the idempotency keys of queue " + queue.row.name + " could not be read: " + std::to_string(kept) +
               " were taken from the messages that are there; a repeat of any other is stored again");
  }

  void repair_history() {
    for (const std::string& at : keys_of(tx_, Table::history)) {
      SampleRow sample;
      if (at.size() == 13 && decode(tx_.get(Table::history, at).value_or(""), sample)) continue;
      tx_.erase(Table::history, at);
      lines_.add("history " + hex(at) + ": a sample was lost and erased");
    }
  }

  store::Store& store_;
  store::Transaction& tx_;
  Timestamp now_;
  Lines lines_;
  std::map<std::uint32_t, QueueRows> queues_;
};

/// What a newer version wrote is not damaged. The first row that has members which this version may not pass over.
std::optional<std::string> find_newer(store::Transaction& tx) {
  const auto is_newer = [](auto row, std::string_view value) { return decode(value, row).is_newer(); };
  for (const Table table : {Table::state, Table::retry, Table::dead, Table::history}) {
    for (const std::string& at : keys_of(tx, table)) {
      const std::string_view value = tx.get(table, at).value_or("");
      const char kind = table == Table::state ? at[0] : '\0';
      const bool newer = table == Table::history ? is_newer(SampleRow{}, value)
                         : table != Table::state ? is_newer(TakenOut{}, value)
                         : kind == 'E'           ? is_newer(BootRow{}, value)
                         : kind == 'L'           ? is_newer(LivesRow{}, value)
                         : kind == 'T'           ? is_newer(TimeRow{}, value)
                         : kind == 'J'           ? is_newer(JobRow{}, value)
                         : kind == 'Q'           ? is_newer(QueueRow{}, value)
                         : kind == 'S'           ? is_newer(QueueState{}, value)
                         : kind == 'G'           ? is_newer(GroupRow{}, value)
                                                 : false;
      if (newer) return "row " + hex(at) + " of table " + std::to_string(static_cast<int>(table));
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<std::string>> repair(store::Store& store, Timestamp now) {
  auto tx = store.begin();
  if (!tx) return tx.error();
  for (std::size_t table = 0; table < store::table_count; ++table) keys_of(**tx, static_cast<Table>(table));
  if (Status readable = (*tx)->status(); !readable) return readable.error();  // before anything is taken for absent
  if (const auto newer = find_newer(**tx)) return newer_row(*newer);
  auto lines = Repair(store, **tx, now).run();
  if (Status readable = (*tx)->status(); !readable) return readable.error();
  if (Status stored = (*tx)->commit(); !stored) return stored.error();
  return lines;
}

}  // namespace ackwire::engine
