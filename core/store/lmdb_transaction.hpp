// The write transaction over LMDB.
//
//   row   = 0:u8 value | 1:u8 bytes:u32       whole, or kept in parts
//   part  = key (table:u8 row_key number:u16, big-endian)  value (up to part_bytes)
//
// The values are permanent.
#pragma once

#include <lmdb.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/lmdb_environment.hpp"
#include "store/store.hpp"

namespace ackwire::store {

/// Larger values are kept in parts.
inline constexpr std::size_t whole_value_bytes = 64 * 1024;
/// Fills 16 pages of 4096 bytes, page header included: freed parts leave holes that any other part fits into.
inline constexpr std::size_t part_bytes = 64 * 1024 - 16;
inline constexpr std::size_t value_bytes_max = 16ull << 20;
inline constexpr std::size_t key_bytes_max = 255;

class LmdbTransaction final : public Transaction {
 public:
  LmdbTransaction(LmdbEnvironment& environment, MDB_txn* txn);
  ~LmdbTransaction() override;

  std::optional<std::string_view> get(Table table, std::string_view key) override;
  void put(Table table, std::string_view key, std::string_view value) override;
  bool erase(Table table, std::string_view key) override;
  bool seek(Table table, std::string_view key, Row& row) override;
  bool seek_back(Table table, std::string_view key, Row& row) override;
  Status status() const override;
  Status commit() override;

 private:
  struct KeyCopy;

  bool usable() const { return txn_ != nullptr && !error_ && !environment_.parts_.lock->forked(); }
  bool writable(std::string_view key);
  void abort();
  MDB_cursor* cursor(std::size_t table);
  /// Moves the cursor of `table`; false when there is no such row, or on an error.
  bool move(std::size_t table, MDB_cursor_op op, MDB_val& key, MDB_val& value);
  /// The value behind the leading byte, put together when it is in parts.
  std::string_view decode(std::size_t table, std::string_view key, const MDB_val& stored);
  std::optional<std::string_view> assemble(std::size_t table, std::string_view key, std::string_view stored);
  void put_stored(std::size_t table, std::string_view key, char lead, std::string_view value);
  void put_parts(std::size_t table, std::string_view key, std::string_view value);
  void erase_parts(std::size_t table, std::string_view key);
  /// Looks at the row that a put would replace: erases its parts, and says whether `value` is a view of it.
  bool clear_old(std::size_t table, std::string_view key, std::string_view value);
  bool out_of_order();
  void fail(int code, std::string_view what);

  LmdbEnvironment& environment_;
  MDB_txn* txn_;
  std::array<MDB_cursor*, lmdb_table_count> cursors_{};
  std::vector<std::string> assembled_;  // values put together, until the next change
  std::optional<Error> error_;
  std::uint64_t put_bytes_ = 0;
  bool changed_ = false;
  bool has_parts_ = false;  // the table of parts may hold rows
  bool lent_big_ = false;   // a view of a value outside of the small pages was handed out since the last change
};

}  // namespace ackwire::store
