// Parts of the offline repair: the rows of one group, and the sound parts of a damaged block.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/message.hpp"
#include "engine/rows/row.hpp"
#include "format/run.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// The keys of a table that begin with `prefix`: rows may be changed while they are walked.
std::vector<std::string> keys_of(store::Transaction& tx, store::Table table, std::string_view prefix = {});
std::string hex(std::string_view bytes);
/// A row of the dedupe store with one bit turned back so that its checksum holds. False: it takes more, or the row is too long.
bool mend_key_row(std::string& value);

/// What was done, for people. Bounded.
class Lines {
 public:
  void add(std::string line);
  std::vector<std::string> take();

 private:
  std::vector<std::string> lines_;
  std::uint64_t more_ = 0;
};

/// A block and what is sound in it.
class BlockParts {
 public:
  explicit BlockParts(std::string block);
  bool sound() const;
  std::uint64_t base() const { return run_.first_sequence; }
  std::uint64_t publish_ms() const { return run_.publish_time; }
  std::uint32_t count() const { return run_.count; }
  bool sound(std::uint32_t i) const { return sound_[i]; }
  std::string_view record(std::uint32_t i) const { return records_[i]; }
  /// Calls `see` for each longest run of sound records: index of the first, how many, and the block that they make.
  void each_sound(const std::function<void(std::uint32_t, std::uint32_t, const std::string&)>& see) const;
  /// The marks of a part, out of those of the whole block; empty when none is set.
  std::string marks_of(std::string_view bits, std::uint32_t first, std::uint32_t count) const;

 private:
  std::string block_;
  format::Run run_;
  std::vector<std::string_view> records_;
  std::vector<bool> sound_;
};

/// The rows of one group.
class RowRepair {
 public:
  RowRepair(store::Transaction& tx, Lines& lines, Timestamp now, std::uint32_t queue, std::uint32_t group, std::string where)
      : tx_(tx), lines_(lines), now_(now), queue_(queue), group_(group), where_(std::move(where)) {}

  /// Marks that fail their checksum: mended, or what they were about becomes dead letters. Marks of no block are erased.
  void repair_marks(const GroupRow& row);
  /// Records that fail their checksum and that the group has not settled become dead letters.
  void repair_blocks(const GroupRow& row);
  /// Retry rows that fail their checksum become dead letters, damaged dead letters keep what can be read of them.
  void repair_taken_out();
  /// Records in `bodies` whose message is lost become dead letters.
  void repair_bodies();
  /// The due index made anew where it differs from the retry rows.
  void repair_due();

 private:
  bool has_row(std::uint64_t sequence);
  bool settled(const GroupRow& row, const BlockParts& block, std::uint32_t i);
  void bury(std::uint64_t sequence, std::string_view record, std::uint64_t publish_ms, std::string_view detail);
  void put_dead(std::string_view at, TakenOut& row);
  bool mend_marks(const std::string& at, std::uint32_t count);

  store::Transaction& tx_;
  Lines& lines_;
  Timestamp now_;
  std::uint32_t queue_, group_;
  std::string where_;
};

}  // namespace ackwire::engine
