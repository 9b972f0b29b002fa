#include "store/lmdb_store.hpp"

#include <sys/stat.h>

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

Result<std::optional<Witness>> open_witness(const std::filesystem::path& directory, const LmdbOptions& options,
                                            const std::string& id, std::uint64_t commits) {
  const std::filesystem::path path = directory / witness_name;
  auto witness = Witness::open(path, id, options.read_only);
  const bool sound = witness && witness->commits() <= commits;
  if (sound) return std::optional<Witness>(std::move(*witness));
  Error error = witness ? rolled_back(directory, commits, witness->commits()) : std::move(witness).error();
  if (error.code != Errc::store_rollback || !options.accept_rollback) return error;
  if (options.read_only) return std::optional<Witness>();
  if (Status made = Witness::create(path, id, commits); !made) return std::move(made).error();
  witness = Witness::open(path, id, false);
  if (!witness) return std::move(witness).error();
  return std::optional<Witness>(std::move(*witness));
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
  auto lock = DirectoryLock::take(directory, options.read_only);
  if (!lock) return std::move(lock).error();
  if (!has_marker(directory)) {
    if (Status made = create_store(directory, options.map_bytes); !made) return std::move(made).error();
  }
  auto identity = read_identity(directory / marker_name);
  if (!identity) return std::move(identity).error();
  if (!options.read_only) remove_creation_leftovers(directory);
  for (const char* name : {data_name, "lock.mdb"}) {
    if (Status regular = check_regular(directory / name); !regular) return std::move(regular).error();
  }
  const auto header = check_data_file(directory / data_name);
  if (!header) return header.error();
  if (header->page_bytes != identity->page_bytes) {
    return Error{Errc::store_invalid, (directory / data_name).string() + " has pages of " + std::to_string(header->page_bytes) +
                                          " bytes (offset 40), the marker says " + std::to_string(identity->page_bytes) +
                                          ": it belongs to another store. Nothing was changed. Put the right file back."};
  }
  auto witness = open_witness(directory, options, identity->id, header->commits);
  if (!witness) return std::move(witness).error();

  EnvironmentParts parts;
  parts.directory = directory;
  parts.id = std::move(identity->id);
  parts.lock = std::move(*lock);
  parts.witness = std::move(*witness);
  parts.map_bytes = options.map_bytes;
  parts.read_only = options.read_only;
  parts.extra_flags = flags;
  auto environment = LmdbEnvironment::open(std::move(parts));
  if (!environment) return std::move(environment).error();
  return std::unique_ptr<Store>(std::move(*environment));
}

Result<std::unique_ptr<Store>> open_lmdb(const std::filesystem::path& directory, const LmdbOptions& options) {
  return open_lmdb_wrongly(directory, options, 0);
}

}  // namespace ackwire::store
