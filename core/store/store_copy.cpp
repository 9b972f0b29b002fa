#include "store/store_copy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "store/directory_lock.hpp"
#include "store/file.hpp"
#include "store/identity.hpp"
#include "store/lmdb_create.hpp"
#include "store/lmdb_header.hpp"
#include "store/witness.hpp"

namespace ackwire::store {
namespace {

namespace fs = std::filesystem;

/// Absolute, and without a separator at the end.
fs::path whole(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

Status check_free(const fs::path& to) {
  struct stat status {};
  if (::lstat(to.c_str(), &status) != 0) return errno == ENOENT ? Status() : Status(io_error("look at", to, errno));
  std::error_code failed;
  if (S_ISDIR(status.st_mode) && fs::is_empty(to, failed) && !failed) return {};
  return Error{Errc::invalid_argument, to.string() +
                                           " is there and not an empty directory. Nothing was changed. Name a place that is "
                                           "not in use; what a directory holds is never written over."};
}

/// LMDB may have to make its lock file beside the data: one of another user would be in the broker's way.
Status check_owner(const fs::path& from) {
  struct stat status {};
  if (::stat(from.c_str(), &status) != 0) return io_error("look at", from, errno);
  if (status.st_uid == ::geteuid()) return {};
  return Error{Errc::store_unsafe, from.string() + " belongs to user " + std::to_string(status.st_uid) + ", this process runs as " +
                                       std::to_string(::geteuid()) + ". Nothing was changed. Copy it as its owner."};
}

Error no_store(const fs::path& from) {
  return {Errc::store_invalid, "There is no store in " + from.string() + ". Nothing was made or changed. Check the path."};
}

/// Witness and marker of a copy whose data is whole, then its place.
Status finish(const fs::path& unfinished, const fs::path& to, const Identity& identity) {
  const auto header = check_data_file(unfinished / data_name);
  if (!header) return header.error();
  if (Status done = Witness::create(unfinished / witness_name, identity.id, header->commits); !done) return done;
  if (Status done = sync_file(unfinished / data_name); !done) return done;
  Identity own = identity;
  own.page_bytes = header->page_bytes;
  if (Status done = write_identity(unfinished / marker_name, own); !done) return done;
  if (Status done = sync_directory(unfinished); !done) return done;
  if (::rename(unfinished.c_str(), to.c_str()) != 0) return io_error("rename the finished copy to", to, errno);
  return sync_directory(to.parent_path());
}

}  // namespace

Result<Copied> copy_store(const fs::path& from_path, const fs::path& to_path, std::uint64_t bytes_per_second) {
  const fs::path from = whole(from_path), to = whole(to_path), unfinished = to.string() + unfinished_suffix;
  if (!has_marker(from)) return no_store(from);
  if (Status ours = check_owner(from); !ours) return std::move(ours).error();
  auto identity = read_identity(from / marker_name);
  if (!identity) return std::move(identity).error();
  if (const auto header = check_data_file(from / data_name); !header) return header.error();
  if (Status free = check_free(to); !free) return std::move(free).error();
  // LMDB twice in one process loses its locks.
  const auto alone = ProcessReservation::take(from);
  if (!alone) return alone.error();
  const auto opened = file_id(from / data_name);
  if (::mkdir(unfinished.c_str(), 0700) != 0 && errno != EEXIST) return io_error("make the directory", unfinished, errno);
  const auto lock = DirectoryLock::take(unfinished, false);
  if (!lock) return lock.error();
  if (has_marker(unfinished) && ::unlink((unfinished / marker_name).c_str()) != 0)
    return io_error("remove", unfinished / marker_name, errno);

  auto copied = copy_environment(from, unfinished, bytes_per_second);
  if (!copied) return copied;
  const auto now = file_id(from / data_name);
  if (!opened || !now || *opened != *now) {
    return Error{Errc::io, (from / data_name).string() +
                               " was replaced while it was copied. The copy was not finished. Run the same command again."};
  }
  identity = read_identity(from / marker_name);  // again: a program that opened the store meanwhile may have raised its format
  if (!identity) return std::move(identity).error();
  if (Status done = finish(unfinished, to, *identity); !done) return std::move(done).error();
  return copied;
}

}  // namespace ackwire::store
