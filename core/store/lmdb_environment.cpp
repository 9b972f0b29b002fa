#include "store/lmdb_environment.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "ackwire/version.hpp"
#include "store/identity.hpp"
#include "store/lmdb_header.hpp"
#include "store/lmdb_transaction.hpp"

namespace ackwire::store {
namespace {

// Permanent: the names of the tables in the data file.
constexpr std::array<const char*, lmdb_table_count> table_names = {"state", "blocks", "marks",   "retry",  "due",
                                                                   "dead",  "dedupe", "history", "bodies", "parts"};
constexpr const char* about_name = "about";
constexpr std::string_view about_key = "identity";  // -> id:16 secret:16 crc:u32
constexpr std::string_view tables_key = "tables";   // -> table_list.hpp
constexpr std::uint64_t map_bytes_min = 1 << 20;
constexpr std::chrono::milliseconds watch_interval{1'000};
constexpr std::uint64_t disk_slack_bytes = 4 << 20;

std::string words(int code) { return std::string(mdb_strerror(code)) + " (" + std::to_string(code) + ")"; }

std::uint64_t rounded_map_bytes(std::uint64_t bytes) {
  const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return (std::max(bytes, map_bytes_min) + page - 1) / page * page;
}

/// Closes an environment that could not be made whole, and ends its transaction.
struct EnvironmentGuard {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  ~EnvironmentGuard() {
    if (txn != nullptr) mdb_txn_abort(txn);
    if (env != nullptr) mdb_env_close(env);
  }
};

MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

int put_row(MDB_txn* txn, MDB_dbi table, std::string_view name, std::string_view bytes) {
  MDB_val key = value_of(name), value = value_of(bytes);
  return mdb_put(txn, table, &key, &value, 0);
}

std::vector<MadeTable> all_tables() {
  std::vector<MadeTable> tables;
  for (const char* name : table_names) tables.push_back({name, std::string(version())});
  return tables;
}

int put_about(MDB_txn* txn, MDB_dbi about, std::string_view id, std::string_view secret) {
  std::string bytes = std::string(id) + std::string(secret);
  const std::uint32_t crc = small_crc32(bytes);
  bytes.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return put_row(txn, about, about_key, bytes);
}

}  // namespace

Status LmdbEnvironment::create(const std::filesystem::path& directory, std::uint64_t map_bytes, std::string_view id,
                               std::string_view secret) {
  EnvironmentGuard guard;
  MDB_dbi table = 0;
  int code = mdb_env_create(&guard.env);
  if (code == 0) code = mdb_env_set_maxdbs(guard.env, named_tables_max);
  if (code == 0) code = mdb_env_set_mapsize(guard.env, rounded_map_bytes(map_bytes));
  // Nobody else can see it yet. A lock file is a map that is written into, which a full disk answers with SIGBUS.
  if (code == 0) code = mdb_env_open(guard.env, directory.c_str(), MDB_NOTLS | MDB_NOLOCK, 0600);
  if (code == 0) code = mdb_txn_begin(guard.env, nullptr, 0, &guard.txn);
  for (std::size_t i = 0; code == 0 && i < table_names.size(); ++i)
    code = mdb_dbi_open(guard.txn, table_names[i], MDB_CREATE, &table);
  if (code == 0) code = mdb_dbi_open(guard.txn, about_name, MDB_CREATE, &table);
  if (code == 0) code = put_about(guard.txn, table, id, secret);
  if (code == 0) code = put_row(guard.txn, table, tables_key, encode(all_tables()));
  if (code == 0) code = mdb_txn_commit(std::exchange(guard.txn, nullptr));
  if (code == 0) return {};
  return Error{code == ENOSPC ? Errc::store_full : Errc::io, "Cannot make a store in " + directory.string() + ": " + words(code) +
                                                                 ". Nothing was stored. Check the free space and the limits "
                                                                 "of the process."};
}

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(EnvironmentParts parts) {
  std::unique_ptr<LmdbEnvironment> environment(new LmdbEnvironment(std::move(parts)));
  if (Status done = environment->map(); !done) return std::move(done).error();
  if (Status done = environment->open_tables(); !done) return std::move(done).error();
  if (Status done = environment->raise_format(); !done) return std::move(done).error();
  if (Status done = environment->make_witness(); !done) return std::move(done).error();
  environment->watch_files();
  return environment;
}

LmdbEnvironment::~LmdbEnvironment() {
  // A child of fork() shares LMDB's locks with its parent: it leaves everything as it is.
  if (env_ != nullptr && !parts_.lock->forked()) mdb_env_close(env_);
}

Status LmdbEnvironment::map() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) file_size_limit_ = limit.rlim_cur;
  int code = mdb_env_create(&env_);
  if (code == 0) code = mdb_env_set_maxdbs(env_, named_tables_max);
  if (code == 0) code = mdb_env_set_mapsize(env_, rounded_map_bytes(parts_.map_bytes));
  // Read-only without LMDB's own lock file, which would be written: the directory lock already keeps every writer out.
  const unsigned flags = parts_.read_only ? MDB_RDONLY | MDB_NOLOCK : parts_.extra_flags;
  if (code == 0) code = mdb_env_open(env_, parts_.directory.c_str(), MDB_NOTLS | flags, 0600);
  int dead_readers = 0;
  if (code == 0 && !parts_.read_only) code = mdb_reader_check(env_, &dead_readers);
  mdb_filehandle_t fd = -1;
  if (code == 0) code = mdb_env_get_fd(env_, &fd);
  if (code == 0) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // LMDB leaves this one open across exec
    const auto checked = file_id(parts_.directory / data_name);
    if (checked && *checked == file_id(fd)) return {};
    return Error{Errc::store_unsafe,
                 (parts_.directory / data_name).string() +
                     " was replaced while it was opened. Nothing was changed. Find out by whom, then open it again."};
  }
  const bool invalid = code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND;
  return Error{invalid ? Errc::store_invalid : Errc::io,
               "Cannot open " + (parts_.directory / data_name).string() + " with a map of " + std::to_string(parts_.map_bytes) +
                   " bytes: " + words(code) + ". Nothing was changed. " +
                   (code == ENOMEM ? "Lower the size limit of the store or raise the address space limit of the process."
                                   : "Look at it with verify, or check its owner and mode.")};
}

Status LmdbEnvironment::open_tables() {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, parts_.read_only ? MDB_RDONLY : 0, &txn);
  if (code != 0)
    return Error{Errc::io, "Cannot begin in " + parts_.directory.string() + ": " + words(code) + ". Nothing was changed."};
  bool changed = false;
  Status opened = read_about(txn);
  if (opened.ok()) opened = open_each(txn, changed);
  if (!opened) {
    mdb_txn_abort(txn);
    return opened;
  }
  MDB_stat stat{};
  mdb_stat(txn, tables_[0], &stat);
  page_bytes_ = stat.ms_psize;
  used_pages_ = pages_in_use(txn);
  return commit_tables(txn, changed);
}

Status LmdbEnvironment::open_each(MDB_txn* txn, bool& changed) {
  const std::string file = (parts_.directory / data_name).string();
  MDB_val key = value_of(tables_key), value{};
  int code = mdb_get(txn, about_, &key, &value);
  std::vector<MadeTable> made = tables_of_format_1();
  if (code == 0) {
    auto listed = decode_tables({static_cast<const char*>(value.mv_data), value.mv_size});
    if (!listed) {
      return Error{Errc::store_invalid,
                   file + ": the row that lists the tables is damaged. It was not changed. Put a backup in its place."};
    }
    made = std::move(*listed);
  }
  for (std::size_t i = 0; i < table_names.size(); ++i) {
    const bool is_there = has_table(made, table_names[i]);
    tables_[i] = no_table;
    if (!is_there && parts_.read_only) continue;
    code = mdb_dbi_open(txn, table_names[i], is_there ? 0 : MDB_CREATE, &tables_[i]);
    if (code != 0 && is_there) return lacks_table(table_names[i], code);
    if (code != 0) return cannot_upgrade(code);
    if (is_there) continue;
    made.push_back({table_names[i], std::string(version())});
    changed = true;
  }
  if (changed && (code = put_row(txn, about_, tables_key, encode(made))) != 0) return cannot_upgrade(code);
  return {};
}

// Keeps the table handles. What an upgrade added is a commit like every other.
Status LmdbEnvironment::commit_tables(MDB_txn* txn, bool changed) {
  const std::uint64_t commits = mdb_txn_id(txn);
  if (const int code = commit_txn(txn); code != 0) return cannot_upgrade(code);
  if (changed && parts_.witness) parts_.witness->raise(commits);
  if (changed && parts_.new_witness) parts_.new_witness = commits;
  return {};
}

Error LmdbEnvironment::lacks_table(const char* name, int code) const {
  return {Errc::store_invalid, (parts_.directory / data_name).string() + " has no table \"" + name + "\": " + words(code) +
                                   ". It was not changed. It is of another program, or damaged: put a backup in its place."};
}

Error LmdbEnvironment::cannot_upgrade(int code) const {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG || code == MDB_MAP_FULL;
  return {full ? Errc::store_full : Errc::io,
          "Cannot open the tables of " + parts_.directory.string() + ", or add those of this version: " + words(code) +
              ". What the store holds was not changed. " +
              (full ? "Free some disk space or raise the size limit of the store, then open it again."
                    : "Check the disk and its log, then open it again.")};
}

Status LmdbEnvironment::raise_format() {
  if (parts_.read_only || parts_.identity.format == store_format) return {};
  parts_.identity.format = store_format;
  return write_identity(parts_.directory / marker_name, parts_.identity);
}

Status LmdbEnvironment::read_about(MDB_txn* txn) {
  MDB_val key = value_of(about_key), value{};
  const std::string file = (parts_.directory / data_name).string();
  int code = mdb_dbi_open(txn, about_name, 0, &about_);
  if (code != 0) return lacks_table(about_name, code);
  code = mdb_get(txn, about_, &key, &value);
  const std::string_view bytes(static_cast<const char*>(value.mv_data), value.mv_size);
  std::uint32_t crc = 0;
  if (code == 0 && bytes.size() == 36) std::memcpy(&crc, bytes.data() + 32, 4);
  if (code != 0 || bytes.size() != 36 || crc != small_crc32(bytes.substr(0, 32))) {
    return Error{Errc::store_invalid,
                 file + ": the row that names the store is missing or damaged. It was not changed. Put a backup in its place."};
  }
  if (bytes.substr(0, 16) != parts_.identity.id) {
    return Error{Errc::store_invalid,
                 file + " belongs to another store than the marker beside it. Nothing was changed. Put the right one back."};
  }
  secret_ = bytes.substr(16, secret_bytes);
  return {};
}

Status LmdbEnvironment::make_witness() {
  if (!parts_.new_witness) return {};
  const std::filesystem::path path = parts_.directory / witness_name;
  if (Status made = Witness::create(path, parts_.identity.id, *parts_.new_witness); !made) return made;
  auto witness = Witness::open(path, parts_.identity.id, false);
  if (!witness) return std::move(witness).error();
  parts_.witness = std::move(*witness);
  return {};
}

void LmdbEnvironment::watch_files() {
  if (parts_.read_only) return;
  for (const char* name : {lock_name, marker_name, witness_name, data_name}) {
    const std::filesystem::path path = parts_.directory / name;
    const auto id = file_id(path);
    watched_.push_back({path, id ? *id : FileId{}});
  }
  next_check_ = std::chrono::steady_clock::now() + watch_interval;
  mdb_filehandle_t fd = -1;
  MDB_envinfo info{};
  if (mdb_env_get_fd(env_, &fd) != 0 || mdb_env_info(env_, &info) != 0) return;
  disk_ = DiskRoom(fd, parts_.directory, info.me_mapsize, file_size_limit_);
}

Status LmdbEnvironment::check_files() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_check_) return {};
  next_check_ = now + watch_interval;
  int dead_readers = 0;
  mdb_reader_check(env_, &dead_readers);  // a backup that was killed must not keep pages for ever
  for (const WatchedFile& file : watched_) {
    const auto id = file_id(file.path);
    if (id && *id == file.id) continue;
    return fail(
        file.path.string() + " was " + (id ? "replaced" : "removed") +
        " while the store was open, so a second writer could come in. Nothing of this transaction was stored; what was confirmed "
        "before is in the open file. Stop every program that uses this directory and put the file back before opening it again.");
  }
  return {};
}

std::uint64_t LmdbEnvironment::pages_in_use(MDB_txn* txn) const {
  std::uint64_t pages = 2;  // meta pages
  const auto add = [&](MDB_dbi table) {
    MDB_stat stat{};
    if (table != no_table && mdb_stat(txn, table, &stat) == 0)
      pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  };
  add(0);  // LMDB's own: the list of free pages, and the list of tables
  add(1);
  for (const MDB_dbi table : tables_) add(table);
  return pages;
}

Result<std::unique_ptr<Transaction>> LmdbEnvironment::begin() {
  if (parts_.lock->forked()) return Error{Errc::forked, "The process forked after the store was opened. Open it in the child."};
  if (failure_) return *failure_;
  if (transaction_open_) return Error{Errc::internal, "A transaction is already open on this store."};
  if (!parts_.read_only) disk_.follow(file_bytes());
  MDB_txn* txn = nullptr;
  const int code = mdb_txn_begin(env_, nullptr, parts_.read_only ? MDB_RDONLY : 0, &txn);
  if (code != 0) return fail("Cannot begin in " + (parts_.directory / data_name).string() + ": " + words(code) + ".");
  return std::unique_ptr<Transaction>(std::make_unique<LmdbTransaction>(*this, txn));
}

Usage LmdbEnvironment::usage() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  Usage usage;
  usage.used_bytes = used_pages_ * page_bytes_;
  usage.limit_bytes = std::min<std::uint64_t>(info.me_mapsize, disk_.file_limit());
  usage.disk_free_bytes = disk_.free_bytes();
  usage.file_bytes = disk_.file_bytes();
  usage.allocated_bytes = disk_.allocated_bytes();
  usage.reserve_bytes = disk_.reserve_bytes();
  return usage;
}

std::uint64_t LmdbEnvironment::file_bytes() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return (std::uint64_t{info.me_last_pgno} + 1) * page_bytes_;
}

int LmdbEnvironment::commit_txn(MDB_txn* txn) const {
  if (file_size_limit_ == no_limit) return mdb_txn_commit(txn);
  sigset_t signal, before;
  sigemptyset(&signal);
  sigaddset(&signal, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signal, &before);
  const int code = mdb_txn_commit(txn);
  const timespec no_wait{};
  if (sigismember(&before, SIGXFSZ) == 0) sigtimedwait(&signal, nullptr, &no_wait);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return code;
}

Status LmdbEnvironment::after_commit(int code, std::uint64_t commits, std::uint64_t pages, std::uint64_t put_bytes) {
  if (code == 0) {
    used_pages_ = pages;
    if (parts_.witness) parts_.witness->raise(commits);
    return {};
  }
  if (code == MDB_MAP_FULL || code == MDB_TXN_FULL) return full("The store has reached its size limit");
  if (out_of_space(code, put_bytes) && !fatal())
    return full("The disk, the quota or the file size limit is full (" + words(code) + ")");
  return fail(
      "A commit to " + (parts_.directory / data_name).string() + " failed: " + words(code) +
      ". What was confirmed before is not lost; whether this last transaction was stored is not known. Nothing is confirmed from "
      "now on. Check the disk and its log, then open the store again.");
}

bool LmdbEnvironment::out_of_space(int code, std::uint64_t put_bytes) const {
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) return true;
  if (code != EIO) return false;
  // LMDB turns a short write into EIO: see whether there was room.
  const std::uint64_t needed = put_bytes + disk_slack_bytes;
  struct statvfs status {};
  if (::statvfs(parts_.directory.c_str(), &status) == 0 && std::uint64_t{status.f_bavail} * status.f_frsize < needed) return true;
  rlimit limit{};
  struct stat file {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return ::stat((parts_.directory / data_name).c_str(), &file) == 0 &&
         static_cast<std::uint64_t>(file.st_size) + needed > limit.rlim_cur;
}

bool LmdbEnvironment::fatal() const {
  MDB_txn* txn = nullptr;
  if (mdb_txn_begin(env_, nullptr, 0, &txn) != 0) return true;
  mdb_txn_abort(txn);
  return false;
}

Error LmdbEnvironment::fail(std::string what) {
  if (!failure_) failure_ = Error{Errc::failed, std::move(what)};
  return *failure_;
}

Error LmdbEnvironment::full(std::string_view what) const {
  return {Errc::store_full,
          std::string(what) + " (" + (parts_.directory / data_name).string() +
              "). Nothing of this transaction was stored, nothing stored before is lost. Settle, discard or purge messages, "
              "free disk space, or raise the size limit of the store."};
}

}  // namespace ackwire::store
