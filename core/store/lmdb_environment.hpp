// One open LMDB environment with the tables of the store, its sticky failure, and what a commit must do besides.
#pragma once

#include <lmdb.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/directory_lock.hpp"
#include "store/disk_room.hpp"
#include "store/identity.hpp"
#include "store/lmdb_store.hpp"
#include "store/table_list.hpp"
#include "store/witness.hpp"

namespace ackwire::store {

/// Tables of the port, then the table that holds the parts of big values.
inline constexpr std::size_t lmdb_table_count = table_count + 1;
inline constexpr std::size_t parts_table = table_count;
/// Tables that the data file may have: those of newer versions are left alone, and copied and compacted with the rest.
inline constexpr unsigned named_tables_max = 64;
/// Handle of a table that a store of an earlier version does not have, while it is only read.
inline constexpr MDB_dbi no_table = ~MDB_dbi{0};
inline constexpr std::size_t secret_bytes = 16;

/// What the environment is made of. Everything has been checked before.
struct EnvironmentParts {
  std::filesystem::path directory;
  Identity identity;
  std::unique_ptr<DirectoryLock> lock;
  std::optional<Witness> witness;            // none: read-only, or not there yet
  std::optional<std::uint64_t> new_witness;  // make one with this count, once everything else is sound
  std::uint64_t map_bytes = 0;
  bool read_only = false;
  unsigned extra_flags = 0;  // tests only: shows that an unsynced environment would be noticed
};

/// Maps and opens. One thread at a time.
class LmdbEnvironment final : public Store {
 public:
  /// Writes a new data file with empty tables into `directory`, synced. `secret` has 16 bytes. Errors: io, store_full.
  static Status create(const std::filesystem::path& directory, std::uint64_t map_bytes, std::string_view id,
                       std::string_view secret);
  /// Errors: store_invalid (a table is missing, another store's file), io.
  static Result<std::unique_ptr<LmdbEnvironment>> open(EnvironmentParts parts);
  ~LmdbEnvironment() override;

  Result<std::unique_ptr<Transaction>> begin() override;
  Usage usage() const override;
  std::string_view id() const override { return parts_.identity.id; }
  std::string_view secret() const override { return secret_; }

 private:
  friend class LmdbTransaction;
  friend class Compaction;
  explicit LmdbEnvironment(EnvironmentParts parts) : parts_(std::move(parts)) {}

  Status map();
  /// Opens the tables, and makes those that the store does not have yet: one transaction.
  Status open_tables();
  Status read_about(MDB_txn* txn);
  Status open_each(MDB_txn* txn, bool& changed);
  Status commit_tables(MDB_txn* txn, bool changed);
  /// The last step of an upgrade: from here on older programs refuse the store.
  Status raise_format();
  Status make_witness();
  void watch_files();
  /// At most once a second: the lock, the marker, the witness and the data file are still those that were opened.
  Status check_files();
  std::uint64_t pages_in_use(MDB_txn* txn) const;
  std::uint64_t file_bytes() const;

  /// mdb_txn_commit, with the signal held back that a full RLIMIT_FSIZE sends.
  int commit_txn(MDB_txn* txn) const;
  /// What LMDB's commit said, after `put_bytes` were put.
  Status after_commit(int code, std::uint64_t commits, std::uint64_t pages, std::uint64_t put_bytes);
  bool out_of_space(int code, std::uint64_t put_bytes) const;
  /// LMDB refuses everything after a meta page could not be written.
  bool fatal() const;
  /// Keeps the first failure; returned by every call from then on.
  Error fail(std::string what);
  Error full(std::string_view what) const;
  Error lacks_table(const char* name, int code) const;
  Error cannot_upgrade(int code) const;

  EnvironmentParts parts_;
  std::string secret_;
  MDB_env* env_ = nullptr;
  std::array<MDB_dbi, lmdb_table_count> tables_{};
  MDB_dbi about_ = 0;
  std::uint32_t page_bytes_ = 0;
  std::uint64_t used_pages_ = 0;
  bool transaction_open_ = false;
  static constexpr std::uint64_t no_limit = ~0ull;
  std::uint64_t file_size_limit_ = no_limit;  // RLIMIT_FSIZE of the process
  std::optional<Error> failure_;

  struct WatchedFile {
    std::filesystem::path path;
    FileId id;
  };
  std::vector<WatchedFile> watched_;
  std::chrono::steady_clock::time_point next_check_{};

  DiskRoom disk_;
};

}  // namespace ackwire::store
