// The order of a compaction, with the directory's lock held:
//
//   1  LMDB writes `data.mdb.new` without free pages; its commit number is made higher than the old one's, so that the old file
//      would be refused if it came back, and the sync follows
//   2  every row of every table is compared
//   3  it is renamed over data.mdb, and the directory is synced
//   4  the witness is raised
//
// Cut before 3: the old file is there and whole, and the next open removes the new one. Cut after 3: the witness lags, which is no
// alarm.
#include "store/lmdb_compact.hpp"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "store/file.hpp"
#include "store/lmdb_environment.hpp"
#include "store/lmdb_header.hpp"

namespace ackwire::store {
namespace {

std::uint64_t bytes_on_disk(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

Error no_room(const std::filesystem::path& directory, std::uint64_t needed, std::uint64_t free) {
  return {Errc::store_full,
          "The disk of " + directory.string() + " has " + std::to_string(free) +
              " bytes free, and a compacted copy of the store needs " + std::to_string(needed) +
              " until it has taken the old one's place. Nothing was changed. Free disk space, or settle and purge "
              "messages first."};
}

/// Ends what one comparison needs of LMDB.
struct Reading {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  bool own = false;
  ~Reading() {
    if (txn != nullptr) mdb_txn_abort(txn);
    if (own && env != nullptr) mdb_env_close(env);
  }
};

bool equal(const MDB_val& a, const MDB_val& b) {
  return a.mv_size == b.mv_size && (a.mv_size == 0 || std::memcmp(a.mv_data, b.mv_data, a.mv_size) == 0);
}

/// Row by row. `main`: the table that names the others, whose values are places in the file.
int compare(MDB_txn* old_txn, MDB_dbi old_table, MDB_txn* new_txn, MDB_dbi new_table, bool main, bool& same) {
  MDB_cursor *old_rows = nullptr, *new_rows = nullptr;
  int code = mdb_cursor_open(old_txn, old_table, &old_rows);
  if (code == 0) code = mdb_cursor_open(new_txn, new_table, &new_rows);
  MDB_val old_key, old_value, new_key, new_value;
  for (MDB_cursor_op op = MDB_FIRST; code == 0 && same; op = MDB_NEXT) {
    code = mdb_cursor_get(old_rows, &old_key, &old_value, op);
    const int new_code = mdb_cursor_get(new_rows, &new_key, &new_value, op);
    if (code != new_code) same = false;
    if (code == 0 && same) same = equal(old_key, new_key) && (main || equal(old_value, new_value));
  }
  if (new_rows != nullptr) mdb_cursor_close(new_rows);
  if (old_rows != nullptr) mdb_cursor_close(old_rows);
  return code == MDB_NOTFOUND ? 0 : code;
}

Error lmdb_error(const std::filesystem::path& path, int code) {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return {full ? Errc::store_full : Errc::io,
          "Cannot write or read " + path.string() + ": " + mdb_strerror(code) + " (" + std::to_string(code) +
              "). The store is as it was. " +
              (full ? "Free disk space, then try again." : "Look at the store with verify, and at the log of the system.")};
}

}  // namespace

/// One compaction of an open environment.
class Compaction {
 public:
  explicit Compaction(LmdbEnvironment& environment)
      : environment_(environment),
        directory_(environment.parts_.directory),
        data_(directory_ / data_name),
        new_(directory_ / compacted_name) {}
  ~Compaction() {
    if (!done_) ::unlink(new_.c_str());
  }

  Result<Compacted> run() {
    Compacted result;
    result.bytes_before = bytes_on_disk(data_);
    ::unlink(new_.c_str());
    if (Status room = check_room(); !room) return std::move(room).error();
    const auto old = check_data_file(data_);
    if (!old) return old.error();
    const std::uint64_t commits =
        (old->commits + 1) | 1;  // odd: LMDB keeps odd ones in the second meta page, where the copy has its
    if (Status written = write(commits); !written) return std::move(written).error();
    if (Status same = compare_all(); !same) return std::move(same).error();
    const auto made = check_data_file(new_);
    if (!made) return made.error();
    if (made->commits != commits) return Error{Errc::internal, "The copy has another commit number. The store is as it was."};
    if (::rename(new_.c_str(), data_.c_str()) != 0) return io_error("rename a new file to", data_, errno);
    done_ = true;
    environment_.fail("The store was compacted. Open it again.");
    if (Status synced = sync_directory(directory_); !synced) {
      return Error{Errc::io, synced.error().message + " The compacted store is in place, and whole either way."};
    }
    if (environment_.parts_.witness) environment_.parts_.witness->raise(commits);
    result.bytes_after = bytes_on_disk(data_);
    return result;
  }

 private:
  Status check_room() const {
    const std::uint64_t needed = environment_.used_pages_ * environment_.page_bytes_;
    struct statvfs status {};
    for (const bool last : {false, true}) {
      if (::statvfs(directory_.c_str(), &status) != 0) return io_error("look at the file system of", directory_, errno);
      const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
      if (free >= needed) return {};
      if (last) return no_room(directory_, needed, free);
      give_up_reserve();
    }
    return {};
  }

  // The blocks behind the end of the file go when it gets the length that it has. The next broker takes its reserve again.
  void give_up_reserve() const {
    mdb_filehandle_t fd = -1;
    struct stat status {};
    if (mdb_env_get_fd(environment_.env_, &fd) != 0 || ::fstat(fd, &status) != 0) return;
    [[maybe_unused]] const int ignored = ::ftruncate(fd, status.st_size);
  }

  Status write(std::uint64_t commits) const {
    auto file = open_file(new_, O_RDWR | O_CREAT | O_EXCL);
    if (!file) return std::move(file).error();
    if (const int code = mdb_env_copyfd2(environment_.env_, file->fd(), MDB_CP_COMPACT); code != 0) return lmdb_error(new_, code);
    const std::string_view bytes(reinterpret_cast<const char*>(&commits), sizeof commits);
    if (!write_at(file->fd(), bytes, environment_.page_bytes_ + commit_number_offset)) return lmdb_error(new_, errno);
    if (::fsync(file->fd()) != 0) return lmdb_error(new_, errno);
    return {};
  }

  Status compare_all() const {
    Reading now, copy;
    now.env = environment_.env_;
    copy.own = true;
    int code = mdb_env_create(&copy.env);
    if (code == 0) code = mdb_env_set_maxdbs(copy.env, named_tables_max);
    if (code == 0) code = mdb_env_open(copy.env, new_.c_str(), MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR | MDB_NOTLS, 0600);
    if (code == 0) code = mdb_txn_begin(now.env, nullptr, MDB_RDONLY, &now.txn);
    if (code == 0) code = mdb_txn_begin(copy.env, nullptr, MDB_RDONLY, &copy.txn);
    MDB_dbi main = 0;
    bool same = true;
    if (code == 0) code = mdb_dbi_open(copy.txn, nullptr, 0, &main);
    if (code == 0) code = compare(now.txn, main, copy.txn, main, true, same);
    MDB_val name, value;
    MDB_cursor* names = nullptr;
    if (code == 0) code = mdb_cursor_open(copy.txn, main, &names);
    while (code == 0 && same && (code = mdb_cursor_get(names, &name, &value, MDB_NEXT)) == 0) {
      const std::string table(static_cast<const char*>(name.mv_data), name.mv_size);
      MDB_dbi old_table = 0, new_table = 0;
      code = mdb_dbi_open(now.txn, table.c_str(), 0, &old_table);
      if (code == 0) code = mdb_dbi_open(copy.txn, table.c_str(), 0, &new_table);
      if (code == 0) code = compare(now.txn, old_table, copy.txn, new_table, false, same);
    }
    if (names != nullptr) mdb_cursor_close(names);
    if (code != 0 && code != MDB_NOTFOUND) return lmdb_error(new_, code);
    if (same) return {};
    return Error{Errc::store_damaged, "The compacted copy of " + data_.string() +
                                          " does not hold the same rows, so the store or the memory of this machine " +
                                          "is damaged. The copy was removed, the store is as it was. Look at it with verify."};
  }

  LmdbEnvironment& environment_;
  const std::filesystem::path directory_, data_, new_;
  bool done_ = false;
};

Result<Compacted> compact_lmdb(const std::filesystem::path& directory, LmdbOptions options) {
  options.create = false;
  auto opened = open_lmdb(directory, options);
  if (!opened) return std::move(opened).error();
  return Compaction(static_cast<LmdbEnvironment&>(**opened)).run();
}

}  // namespace ackwire::store
