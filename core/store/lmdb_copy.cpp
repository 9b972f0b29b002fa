#include "store/lmdb_copy.hpp"

#include <fcntl.h>
#include <lmdb.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "store/lmdb_header.hpp"
#include "store/store.hpp"

namespace ackwire::store {
namespace {

using Steady = std::chrono::steady_clock;

constexpr unsigned tables_max = 64;
constexpr std::uint64_t step_written_bytes = 1 << 20;
constexpr Duration step_time{20};               // a read transaction, but for the last pass
constexpr std::uint32_t clock_rows = 64;        // between looks at the clock
constexpr std::uint64_t last_bytes = 8u << 20;  // written by a pass: so little may be left to the last one
constexpr std::uint32_t passes_max = 6;         // before the last one, however much still changes
constexpr std::string_view blocks_name = "blocks", parts_name = "parts", about_name = "about";

std::string_view view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }
MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

/// Blocks are written once and deleted whole, and a key is never used again: what has the same key and size is the same.
bool written_once(std::string_view table, std::string_view key) {
  return table == blocks_name || (table == parts_name && !key.empty() && key[0] == static_cast<char>(Table::blocks));
}

Error lmdb_error(const std::filesystem::path& directory, int code) {
  const bool full = code == ENOSPC || code == EDQUOT || code == MDB_MAP_FULL;
  const bool invalid = code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND;
  return {full      ? Errc::store_full
          : invalid ? Errc::store_invalid
                    : Errc::io,
          "Copying stopped at " + (directory / data_name).string() + ": " + mdb_strerror(code) + " (" + std::to_string(code) +
              "). The store that is copied was not changed. " +
              (full ? "Free disk space, then run the same command again: it goes on where it was."
                    : "Look at it with `ackwire verify`.")};
}

struct Environment {
  std::filesystem::path directory;
  MDB_env* env = nullptr;
  explicit Environment(std::filesystem::path in) : directory(std::move(in)) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    if (env != nullptr) mdb_env_close(env);
  }
  int open(unsigned flags, std::uint64_t map_bytes) {
    int code = mdb_env_create(&env);
    if (code == 0) code = mdb_env_set_maxdbs(env, tables_max);
    if (code == 0 && map_bytes != 0) code = mdb_env_set_mapsize(env, map_bytes);
    if (code == 0) code = mdb_env_open(env, directory.c_str(), MDB_NOTLS | flags, 0600);
    mdb_filehandle_t fd = -1;
    if (code == 0) code = mdb_env_get_fd(env, &fd);
    if (code == 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return code;
  }
};

struct OpenTxn {
  MDB_txn* txn = nullptr;
  ~OpenTxn() { abort(); }
  void abort() {
    if (txn != nullptr) mdb_txn_abort(std::exchange(txn, nullptr));
  }
  int commit() { return mdb_txn_commit(std::exchange(txn, nullptr)); }
};

struct TableCopy {
  std::string name;
  MDB_dbi from = 0, to = 0;
  std::string end;  // the last key when the pass began: a pass must not run after a writer that is faster
};

/// Where a pass goes on: in which table, and at which key.
struct Place {
  std::size_t table = 0;
  std::string key;
};

/// Bounds of one read transaction; the last pass has none.
struct Bounds {
  bool all = false;
  Steady::time_point until{};
};

class Copy {
 public:
  Copy(const std::filesystem::path& from, const std::filesystem::path& to, std::uint64_t rate)
      : from_(from), to_(to), rate_(rate) {}

  Result<Copied> run() {
    if (const int code = open(); code != 0) return *std::move(error_);
    started_ = Steady::now();
    std::uint64_t written = 0, written_before = 0;
    do {
      ++done_.passes;
      written_before = written;
      const std::uint64_t before = done_.written_bytes;
      Place place;
      while (place.table < tables_.size()) {
        if (step(place, false) != 0) return *std::move(error_);
        throttle();
      }
      written = done_.written_bytes - before;
      // As much as the pass before: it changes faster than it may be written, and no further pass would leave less.
    } while (written > last_bytes && done_.passes < passes_max && (written_before == 0 || written < written_before / 2));
    ++done_.passes;
    Place place;
    if (step(place, true) != 0) return *std::move(error_);
    if (const int code = mdb_env_sync(to_.env, 1); code != 0) return lmdb_error(to_.directory, code);
    return done_;
  }

 private:
  int fail(const Environment& of, int code) {
    if (!error_) error_ = lmdb_error(of.directory, code);
    return code;
  }

  int open() {
    if (const int code = from_.open(MDB_RDONLY, 0); code != 0) return fail(from_, code);
    MDB_envinfo info{};
    mdb_env_info(from_.env, &info);
    // Nobody else uses the copy, so it needs no locks. Its newest commit may be lost in a power cut, but it cannot be damaged by
    // one.
    if (const int code = to_.open(MDB_NOLOCK | MDB_NOMETASYNC, info.me_mapsize); code != 0) return fail(to_, code);
    OpenTxn read, write;
    if (const int code = begin(read, write); code != 0) return code;
    if (const int code = open_tables(read.txn, write.txn); code != 0) return code;
    if (const int code = read.commit(); code != 0) return fail(from_, code);  // keeps the table handles
    if (const int code = write.commit(); code != 0) return fail(to_, code);
    return 0;
  }

  int open_tables(MDB_txn* read, MDB_txn* write) {
    MDB_dbi names = 0;
    MDB_cursor* cursor = nullptr;
    int code = mdb_dbi_open(read, nullptr, 0, &names);
    if (code == 0) code = mdb_cursor_open(read, names, &cursor);
    MDB_val key{}, value{};
    while (code == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) tables_.push_back({std::string(view(key))});
    if (cursor != nullptr) mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) return fail(from_, code);
    for (TableCopy& table : tables_) {
      if ((code = mdb_dbi_open(read, table.name.c_str(), 0, &table.from)) != 0) return fail(from_, code);
      if ((code = mdb_dbi_open(write, table.name.c_str(), MDB_CREATE, &table.to)) != 0) return fail(to_, code);
      if (table.name == about_name && !same_store(read, write, table)) return EINVAL;
    }
    return 0;
  }

  bool same_store(MDB_txn* read, MDB_txn* write, const TableCopy& about) {
    MDB_val key = value_of("identity"), ours{}, theirs{};
    if (mdb_get(write, about.to, &key, &theirs) != 0) return true;  // nothing was copied yet
    if (mdb_get(read, about.from, &key, &ours) == 0 && view(ours) == view(theirs)) return true;
    error_ =
        Error{Errc::invalid_argument, to_.directory.string() +
                                          " holds the beginning of a copy of another store. Nothing was changed. Remove it, or "
                                          "copy to another place."};
    return false;
  }

  int begin(OpenTxn& read, OpenTxn& write) {
    int code = mdb_txn_begin(from_.env, nullptr, MDB_RDONLY, &read.txn);
    if (code == MDB_MAP_RESIZED) {  // the broker was started again with a larger map
      code = mdb_env_set_mapsize(from_.env, 0);
      MDB_envinfo info{};
      mdb_env_info(from_.env, &info);
      if (code == 0) code = mdb_env_set_mapsize(to_.env, info.me_mapsize);
      if (code == 0) code = mdb_txn_begin(from_.env, nullptr, MDB_RDONLY, &read.txn);
    }
    if (code != 0) return fail(from_, code);
    code = mdb_txn_begin(to_.env, nullptr, 0, &write.txn);
    return code == 0 ? 0 : fail(to_, code);
  }

  /// One read transaction: goes on at `place`, for a while or to the end.
  int step(Place& place, bool all) {
    OpenTxn read, write;
    if (const int code = begin(read, write); code != 0) return code;
    const Steady::time_point began = Steady::now();
    const Bounds bounds{all, began + step_time};
    step_start_ = done_.written_bytes;
    bool enough = false;
    while (place.table < tables_.size() && !enough) {
      if (const int code = merge(tables_[place.table], read.txn, write.txn, place, bounds, enough); code != 0) return code;
      if (enough) break;
      ++place.table;
      place.key.clear();
    }
    read.abort();  // before the disk is waited for
    done_.longest_read = std::max(done_.longest_read, std::chrono::ceil<Duration>(Steady::now() - began));
    if (const int code = write.commit(); code != 0) return fail(to_, code);
    return 0;
  }

  /// Both tables side by side from place.key on: what only the copy has is erased, what differs is written.
  int merge(TableCopy& table, MDB_txn* read, MDB_txn* write, Place& place, const Bounds& bounds, bool& enough) {
    MDB_cursor *source = nullptr, *target = nullptr;
    int code = mdb_cursor_open(read, table.from, &source);
    if (code != 0) return fail(from_, code);
    if ((code = mdb_cursor_open(write, table.to, &target)) != 0) {
      mdb_cursor_close(source);
      return fail(to_, code);
    }
    code = walk(table, source, target, place, bounds, enough);
    mdb_cursor_close(target);
    mdb_cursor_close(source);
    return code;
  }

  /// A table's rows in order of their keys, up to where the pass ends.
  struct Side {
    MDB_cursor* cursor;
    std::string_view end;
    bool bounded;
    MDB_val key{}, value{};
    int code = 0;
    void seek(std::string_view from) {
      key = value_of(from);
      code = mdb_cursor_get(cursor, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    }
    void next() { code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT); }
    bool failed() const { return code != 0 && code != MDB_NOTFOUND; }
    bool has() const { return code == 0 && (!bounded || view(key) <= end); }
    bool before(const Side& other) const { return has() && (!other.has() || view(key) < view(other.key)); }
  };

  int walk(TableCopy& table, MDB_cursor* from, MDB_cursor* to, Place& place, const Bounds& bounds, bool& enough) {
    if (!bounds.all && place.key.empty()) {
      MDB_val last{}, unused{};
      const int code = mdb_cursor_get(from, &last, &unused, MDB_LAST);
      if (code != 0 && code != MDB_NOTFOUND) return fail(from_, code);
      table.end = code == 0 ? view(last) : "";  // empty: the last pass sees to the rest
    }
    Side source{from, table.end, !bounds.all}, target{to, table.end, !bounds.all};
    source.seek(place.key);
    target.seek(place.key);
    for (std::uint32_t rows = 0; source.has() || target.has(); ++rows) {
      if (!bounds.all && full(rows, bounds)) {
        place.key = view(target.before(source) ? target.key : source.key);
        enough = true;
        return 0;
      }
      if (target.before(source)) {
        if (const int code = mdb_cursor_del(target.cursor, 0); code != 0) return fail(to_, code);
        done_.written_bytes += target.key.mv_size;
      } else {
        if (const int code = carry(table, source, target); code != 0) return code;
        if (bounds.all) ++done_.rows, done_.bytes += source.key.mv_size + source.value.mv_size;
        source.next();
      }
      target.next();  // behind what was erased, written or the same
    }
    if (source.failed()) return fail(from_, source.code);
    return target.failed() ? fail(to_, target.code) : 0;
  }

  int carry(const TableCopy& table, Side& source, const Side& target) {
    const bool there = target.has() && view(source.key) == view(target.key);
    const bool same = there && source.value.mv_size == target.value.mv_size &&
                      (written_once(table.name, view(source.key)) || view(source.value) == view(target.value));
    return same ? 0 : put(target.cursor, source.key, source.value, target.code == MDB_NOTFOUND);
  }

  int put(MDB_cursor* target, MDB_val& key, MDB_val& value, bool at_end) {
    const int code = mdb_cursor_put(target, &key, &value, at_end ? MDB_APPEND : 0);
    if (code != 0) return fail(to_, code);
    done_.written_bytes += key.mv_size + value.mv_size;
    return 0;
  }

  bool full(std::uint32_t rows, const Bounds& bounds) const {
    if (done_.written_bytes - step_start_ >= step_written_bytes) return true;
    return rows % clock_rows == clock_rows - 1 && Steady::now() >= bounds.until;
  }

  void throttle() {
    if (rate_ == 0) return;
    const std::chrono::duration<double> due(static_cast<double>(done_.written_bytes) / static_cast<double>(rate_));
    std::this_thread::sleep_until(started_ + std::chrono::duration_cast<Steady::duration>(due));
  }

  Environment from_, to_;
  const std::uint64_t rate_;
  std::vector<TableCopy> tables_;
  Copied done_;
  std::uint64_t step_start_ = 0;
  Steady::time_point started_{};
  std::optional<Error> error_;
};

}  // namespace

Result<Copied> copy_environment(const std::filesystem::path& from, const std::filesystem::path& to,
                                std::uint64_t bytes_per_second) {
  return Copy(from, to, bytes_per_second).run();
}

}  // namespace ackwire::store
