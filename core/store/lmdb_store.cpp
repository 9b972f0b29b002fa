#include "store/lmdb_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "ackwire/process.hpp"
#include "store/filesystem_check.hpp"
#include "store/identity.hpp"
#include "store/lmdb_create.hpp"
#include "store/lmdb_environment.hpp"
#include "store/lmdb_header.hpp"
#include "store/lmdb_testing.hpp"

namespace ackwire::store {
namespace {

void warn_on_stderr(std::string_view text) {
  std::fprintf(stderr, "ackwire: warning: %.*s\n", static_cast<int>(text.size()), text.data());
}

Error no_store(const std::filesystem::path& directory) {
  return {Errc::store_invalid, "There is no store in " + directory.string() + ". Nothing was made or changed. Check the path."};
}

Error rolled_back(const std::filesystem::path& directory, std::uint64_t have, std::uint64_t seen) {
  return {Errc::store_rollback, "The store in " + directory.string() + " is at commit " + std::to_string(have) + ", but commit " +
                                    std::to_string(seen) +
                                    " was confirmed: this is an older copy, or its newest commit was damaged. Nothing was changed. "
                                    "Put the newest copy back, or open it once with accept_rollback and lose what came after."};
}

/// The files that LMDB will open by itself.
Status check_regular(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return {};
  return Error{Errc::store_unsafe,
               path.string() + " is a link or not a regular file. Nothing was changed. Put the file itself there."};
}

constexpr const char* lmdb_lock_name = "lock.mdb";
constexpr std::uint64_t lmdb_lock_bytes = 16 * 1024;  // LMDB takes half of it for its 126 readers

/// LMDB writes into a map of its lock file, which ends the process when the disk has no room for the page: it is allocated before.
Status prepare_lock_file(const std::filesystem::path& path) {
  const auto file = open_file(path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  if (::fallocate(file->fd(), FALLOC_FL_KEEP_SIZE, 0, lmdb_lock_bytes) == 0 || (errno != ENOSPC && errno != EDQUOT)) return {};
  struct stat status {};
  if (::fstat(file->fd(), &status) == 0 && static_cast<std::uint64_t>(status.st_blocks) * 512 >= lmdb_lock_bytes) return {};
  return Error{Errc::store_full, "The disk has no room for " + path.string() + " (errno " + std::to_string(errno) +
                                     "). Nothing in the store was changed. Free some disk space, then open it again."};
}

/// Into `parts`: the witness, or that a new one is to be made once the store is known to be sound.
Status find_witness(const LmdbOptions& options, std::uint64_t commits, EnvironmentParts& parts) {
  auto witness = Witness::open(parts.directory / witness_name, parts.identity.id, options.read_only);
  if (witness && witness->commits() <= commits) {
    parts.witness = std::move(*witness);
    return {};
  }
  Error error = witness ? rolled_back(parts.directory, commits, witness->commits()) : std::move(witness).error();
  if (error.code != Errc::store_rollback || !options.accept_rollback) return error;
  if (!options.read_only) parts.new_witness = commits;
  return {};
}

Status prepare_directory(const std::filesystem::path& directory, const LmdbOptions& options) {
  const bool may_create = options.create && !options.read_only;
  if (may_create) {
    if (Status made = make_directory(directory); !made) return made;
  }
  struct stat status {};
  if (!may_create && ::stat(directory.c_str(), &status) != 0 && errno == ENOENT) return no_store(directory);
  const auto& warn = options.on_warning ? options.on_warning : std::function<void(std::string_view)>(warn_on_stderr);
  if (Status fit = check_directory(directory, options.unsafe_filesystem, options.read_only, warn); !fit) return fit;
  if (has_marker(directory)) return {};
  if (Status ours = check_not_foreign(directory); !ours) return ours;
  return may_create ? Status() : Status(no_store(directory));
}

}  // namespace

Result<std::unique_ptr<Store>> open_lmdb_wrongly(const std::filesystem::path& path, const LmdbOptions& options, unsigned flags) {
  keep_standard_descriptors();
  std::error_code failed;
  const std::filesystem::path directory = std::filesystem::absolute(path, failed);  // the program may change its directory later
  if (failed) return io_error("find", path, failed.value());
  if (Status ready = prepare_directory(directory, options); !ready) return std::move(ready).error();
  if (has_marker(directory)) {  // before the lock, whose file says who holds it: a newer store is left as it is to the last byte
    const auto readable = read_identity(directory / marker_name);
    if (!readable) return readable.error();
  }
  auto lock = DirectoryLock::take(directory, options.read_only);
  if (!lock) return std::move(lock).error();
  if (!has_marker(directory)) {
    if (Status made = create_store(directory, options.map_bytes); !made) return std::move(made).error();
  }
  auto identity = read_identity(directory / marker_name);
  if (!identity) return std::move(identity).error();
  for (const char* name : {data_name, lmdb_lock_name}) {
    if (Status regular = check_regular(directory / name); !regular) return std::move(regular).error();
  }
  const auto header = check_data_file(directory / data_name);
  if (!header) return header.error();
  if (header->page_bytes != identity->page_bytes) {
    return Error{Errc::store_invalid, (directory / data_name).string() + " has pages of " + std::to_string(header->page_bytes) +
                                          " bytes (offset 40), the marker says " + std::to_string(identity->page_bytes) +
                                          ": it belongs to another store. Nothing was changed. Put the right file back."};
  }
  if (!options.read_only) {
    if (Status ready = prepare_lock_file(directory / lmdb_lock_name); !ready) return std::move(ready).error();
  }
  EnvironmentParts parts;
  parts.directory = directory;
  parts.identity = std::move(*identity);
  if (Status found = find_witness(options, header->commits, parts); !found) return std::move(found).error();
  parts.lock = std::move(*lock);
  parts.map_bytes = options.map_bytes;
  parts.read_only = options.read_only;
  parts.extra_flags = flags;
  auto environment = LmdbEnvironment::open(std::move(parts));
  if (!environment) return std::move(environment).error();
  if (!options.read_only) remove_creation_leftovers(directory);
  return std::unique_ptr<Store>(std::move(*environment));
}

Result<std::unique_ptr<Store>> open_lmdb(const std::filesystem::path& directory, const LmdbOptions& options) {
  return open_lmdb_wrongly(directory, options, 0);
}

}  // namespace ackwire::store
