#include "engine/repair/repair_rows.hpp"

#include <algorithm>
#include <set>

#include "dedupe/row.hpp"
#include "engine/repair/repair.hpp"
#include "engine/repair/salvage.hpp"
#include "engine/rows/body.hpp"
#include "format/record.hpp"

namespace ackwire::engine {
namespace {

using store::Table;

constexpr std::size_t key_row_bytes_max = 64 * 1024;  // one bit after the other is tried: a second or two

bool bit(std::string_view bits, std::size_t i) { return i / 8 < bits.size() && (bits[i / 8] >> (i % 8) & 1) != 0; }
void set_bit(std::string& bits, std::size_t i) { bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8)); }

}  // namespace

std::vector<std::string> keys_of(store::Transaction& tx, Table table, std::string_view prefix) {
  std::vector<std::string> keys;
  store::Row row;
  std::string from = prefix.empty() ? std::string(1, '\0') : std::string(prefix);
  while (tx.seek(table, from, row) && row.key.starts_with(prefix)) {
    if (!keys.empty() && row.key <= keys.back()) break;  // a table that is not in order has no end
    keys.emplace_back(row.key);
    from.assign(row.key);
    from.push_back('\0');
  }
  return keys;
}

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) out += {digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
  return out;
}

bool mend_key_row(std::string& value) {
  if (value.size() > key_row_bytes_max) return false;
  for (std::size_t i = 0; i < 8 * value.size(); ++i) {
    const char mask = static_cast<char>(1 << (i % 8));
    value[i / 8] = static_cast<char>(value[i / 8] ^ mask);
    std::string_view bytes = value;
    if (dedupe::split_checksum(bytes)) return true;
    value[i / 8] = static_cast<char>(value[i / 8] ^ mask);
  }
  return false;
}

void Lines::add(std::string line) {
  if (lines_.size() < repair_lines) {
    lines_.push_back(std::move(line));
  } else {
    ++more_;
  }
}

std::vector<std::string> Lines::take() {
  if (more_ > 0) lines_.push_back("and " + std::to_string(more_) + " more");
  return std::move(lines_);
}

BlockParts::BlockParts(std::string block) : block_(std::move(block)) {
  std::string_view bytes = block_;
  if (!format::split_run(bytes, run_)) {
    run_ = {};
    return;
  }
  const auto sizes = record_sizes(run_.records, run_.count);
  std::size_t begin = 0;
  for (const std::uint32_t size : sizes) {
    records_.push_back(run_.records.substr(begin, size));
    begin += size;
    format::Record record;
    std::string_view rest = records_.back();
    sound_.push_back(format::split(rest, record) && rest.empty() && format::checksum_ok(record));
  }
}

bool BlockParts::sound() const { return std::find(sound_.begin(), sound_.end(), false) == sound_.end(); }

void BlockParts::each_sound(const std::function<void(std::uint32_t, std::uint32_t, const std::string&)>& see) const {
  for (std::uint32_t first = 0; first < count(); ++first) {
    if (!sound_[first]) continue;
    std::uint32_t end = first;
    std::string records;
    for (; end < count() && sound_[end]; ++end) records += records_[end];
    format::Run part;
    part.first_sequence = base() + first;
    part.publish_time = run_.publish_time;
    part.count = end - first;
    part.records = records;
    std::string block;
    format::append_run(block, part);
    see(first, part.count, block);
    first = end;
  }
}

std::string BlockParts::marks_of(std::string_view bits, std::uint32_t first, std::uint32_t count) const {
  // One bitmap, or two of the same size behind one another.
  const std::size_t whole = (run_.count + 7) / 8, part = (count + 7) / 8;
  const std::size_t maps = whole == 0 ? 0 : bits.size() / whole;
  std::string out(maps * part, '\0');
  for (std::size_t map = 0; map < maps; ++map) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (bit(bits.substr(map * whole, whole), first + i)) set_bit(out, map * part * 8 + i);
    }
  }
  return out.find_first_not_of('\0') == std::string::npos ? std::string() : out;
}

bool RowRepair::has_row(std::uint64_t sequence) {
  const Key at = key::at(queue_, group_, sequence);
  return tx_.get(Table::retry, at) || tx_.get(Table::dead, at);
}

void RowRepair::bury(std::uint64_t sequence, std::string_view record, std::uint64_t publish_ms, std::string_view detail) {
  TakenOut row;
  row.reason = static_cast<std::uint8_t>(DeadReason::damaged);
  row.publish_ms = static_cast<std::int64_t>(publish_ms);
  row.time_ms = epoch_ms(now_);
  row.record = record;
  mend_length(row.record);
  row.detail = detail;
  put_dead(key::at(queue_, group_, sequence), row);
}

void RowRepair::put_dead(std::string_view at, TakenOut& row) {
  row.body_bytes = row.body_bytes != 0 || wants_body(row) ? row.record.size() : 0;
  if (row.body_bytes != 0) {
    tx_.put(Table::bodies, at, row.record);
  } else {
    tx_.erase(Table::bodies, at);
  }
  tx_.put(Table::dead, at, encode(row));
}

bool RowRepair::settled(const GroupRow& row, const BlockParts& block, std::uint32_t i) {
  if (block.base() + i < row.floor) return true;
  const auto marks = tx_.get(Table::marks, key::at(queue_, group_, block.base()));
  return marks && bit(unseal(*marks).value_or(""), i);
}

bool RowRepair::mend_marks(const std::string& at, std::uint32_t count) {
  const auto mended = mend_sealed(tx_.get(Table::marks, at).value_or(""));
  const std::size_t bytes = (count + 7) / 8, size = mended ? unseal(*mended)->size() : 0;
  if (!mended || (size != bytes && size != 2 * bytes)) return false;
  tx_.put(Table::marks, at, *mended);
  lines_.add("marks " + hex(at) + ": one bit was wrong and was put right");
  return true;
}

void RowRepair::repair_marks(const GroupRow& row) {
  for (const std::string& at : keys_of(tx_, Table::marks, Key().u32(queue_).u32(group_))) {
    if (at.size() != 16) continue;
    const auto stored = tx_.get(Table::blocks, key::block(queue_, be64(at, 8)));
    if (!stored) {
      tx_.erase(Table::marks, at);
      lines_.add("marks " + hex(at) + ": they belonged to no block and were erased");
      continue;
    }
    const BlockParts block{std::string(*stored)};
    const std::size_t bytes = (block.count() + 7) / 8;
    const auto payload = unseal(tx_.get(Table::marks, at).value_or(""));
    if (payload && (payload->size() == bytes || payload->size() == 2 * bytes)) continue;
    if (mend_marks(at, block.count())) continue;
    std::string bits(bytes, '\0');
    std::uint64_t buried = 0;
    for (std::uint32_t i = 0; i < block.count() && block.base() + i < row.cursor; ++i) {
      const std::uint64_t sequence = block.base() + i;
      set_bit(bits, i);
      if (sequence < row.floor || has_row(sequence)) continue;
      bury(sequence, block.record(i), block.publish_ms(), "whether it was settled is not known: the row that says so was damaged");
      ++buried;
    }
    tx_.put(Table::marks, at, seal(bits));
    lines_.add("marks " + hex(at) + ": they were lost; " + std::to_string(buried) + " messages of queue " + where_ +
               ", some of which were settled, are dead letters now");
  }
}

void RowRepair::repair_blocks(const GroupRow& row) {
  for (const std::string& at : keys_of(tx_, Table::blocks, Key().u32(queue_))) {
    const BlockParts block{std::string(tx_.get(Table::blocks, at).value_or(""))};
    if (block.sound()) continue;
    for (std::uint32_t i = 0; i < block.count(); ++i) {
      const std::uint64_t sequence = block.base() + i;
      if (block.sound(i) || settled(row, block, i) || has_row(sequence)) continue;
      bury(sequence, block.record(i), block.publish_ms(), "the stored record fails its checksum");
      lines_.add("message " + std::to_string(sequence) + " of queue " + where_ +
                 ": its record fails its checksum; it is a dead letter now");
    }
  }
}

void RowRepair::repair_taken_out() {
  for (const Table table : {Table::retry, Table::dead}) {
    for (const std::string& at : keys_of(tx_, table, Key().u32(queue_).u32(group_))) {
      if (at.size() != 16) continue;
      const std::uint64_t sequence = be64(at, 8);
      const std::string value(tx_.get(table, at).value_or(""));
      TakenOut row;
      const bool decoded = static_cast<bool>(read_taken_out(tx_, at, value, row));
      bool good = decoded;
      const bool retry = table == Table::retry;
      if (good && (retry || row.reason != static_cast<std::uint8_t>(DeadReason::damaged))) {
        format::Record record;
        std::string_view rest = row.record;
        good = format::split(rest, record) && rest.empty() && format::checksum_ok(record);
      }
      if (good) continue;
      Salvaged salvaged = salvage(tx_, at, value, static_cast<std::int64_t>(epoch_ms(now_)));
      if (retry) tx_.erase(table, at);
      if (retry && tx_.get(Table::dead, at)) continue;  // it is there already
      if (!decoded) row = std::move(salvaged.row);
      row.reason = static_cast<std::uint8_t>(DeadReason::damaged);
      row.time_ms = epoch_ms(now_);
      row.detail = decoded          ? "the stored record fails its checksum"
                   : salvaged.whole ? "its row failed its checksum, but the message in it is whole: redrive it, or discard it"
                                    : "its row failed its checksum: the bytes are kept as they were found";
      put_dead(at, row);
      lines_.add("message " + std::to_string(sequence) + " of queue " + where_ + ": its row fails its checksum; " +
                 (retry ? "it is a dead letter now" : "what can be read of it is kept"));
    }
  }
}

void RowRepair::repair_bodies() {
  for (const std::string& at : keys_of(tx_, Table::bodies, Key().u32(queue_).u32(group_))) {
    if (at.size() != 16) continue;
    TakenOut row;
    const std::uint64_t sequence = be64(at, 8);
    const auto state = tx_.get(tx_.get(Table::retry, at) ? Table::retry : Table::dead, at);
    if (state && decode(*state, row) && row.body_bytes != 0) continue;
    if (state) {  // it has a record of its own
      tx_.erase(Table::bodies, at);
      lines_.add("bodies " + hex(at) + ": its message does not name it; it was erased");
      continue;
    }
    const std::string record(tx_.get(Table::bodies, at).value_or(""));
    bury(sequence, record, epoch_ms(now_), "its row was lost, but the message is there: redrive it, or discard it");
    lines_.add("message " + std::to_string(sequence) + " of queue " + where_ + ": its row was lost; it is a dead letter now");
  }
}

void RowRepair::repair_due() {
  const Key prefix = Key().u32(queue_).u32(group_);
  std::set<std::string> wanted;
  for (const std::string& at : keys_of(tx_, Table::retry, prefix)) {
    TakenOut row;
    if (at.size() != 16 || !decode(tx_.get(Table::retry, at).value_or(""), row)) continue;
    wanted.emplace(std::string_view(key::due(queue_, group_, row.time_ms, be64(at, 8))));
  }
  std::uint64_t erased = 0, made = 0;
  for (const std::string& at : keys_of(tx_, Table::due, prefix)) {
    if (wanted.erase(at) > 0) continue;
    tx_.erase(Table::due, at);
    ++erased;
  }
  for (const std::string& at : wanted) {
    tx_.put(Table::due, at, "\1");
    ++made;
  }
  if (erased + made == 0) return;
  lines_.add("the due index of queue " + where_ + ": " + std::to_string(erased) + " rows erased, " + std::to_string(made) +
             " made");
}

}  // namespace ackwire::engine
