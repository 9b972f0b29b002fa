// The order of a creation; each step is synced before the next:
//
//   1  the directory `creating`, with data.mdb and witness inside
//   2  both are renamed into the store's directory
//   3  the marker `ackwire.store` is renamed into place: from here on it is a store
//   4  `creating` is removed
//
// Cut before 3: no marker, so nothing was ever confirmed. `creating` says that data.mdb, if there, is from that try.
#include "store/lmdb_create.hpp"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "store/file.hpp"
#include "store/identity.hpp"
#include "store/lmdb_compact.hpp"
#include "store/lmdb_environment.hpp"
#include "store/lmdb_header.hpp"
#include "store/witness.hpp"

namespace ackwire::store {
namespace {

constexpr const char* creating_name = "creating";
constexpr std::uint64_t commits_of_creation = 1;

bool is_there(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Status rename_into(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return io_error("rename a new file to", to, errno);
  return {};
}

Error foreign(const std::filesystem::path& directory) {
  return {Errc::store_invalid, (directory / data_name).string() + " is there, but the marker " + marker_name +
                                   " is not: this is the data of another program, or the marker was removed. Nothing was changed. "
                                   "Put the marker back from a backup of this store, or use another directory."};
}

/// An earlier try may have left its files. They are removed only when they cannot hold anything.
Status remove_unfinished(const std::filesystem::path& directory) {
  const std::filesystem::path data = directory / data_name;
  if (is_there(data)) {
    const auto header = check_data_file(data);
    if (header && header->commits > commits_of_creation) return foreign(directory);
    if (!header && header.error().code != Errc::store_emptied) return header.error();
  }
  std::error_code failed;
  for (const char* name : {data_name, witness_name, "lock.mdb"}) {
    if (!failed) std::filesystem::remove(directory / name, failed);
  }
  if (!failed) std::filesystem::remove_all(directory / creating_name, failed);
  if (failed) return io_error("remove the files of an unfinished creation in", directory, failed.value());
  return sync_directory(directory);
}

Status build(const std::filesystem::path& directory, const std::filesystem::path& creating, std::uint64_t map_bytes,
             Identity& identity) {
  if (sodium_init() < 0) return Error{Errc::internal, "libsodium cannot be initialised. Nothing was changed."};
  std::string secret(secret_bytes, '\0');
  identity.id.assign(16, '\0');
  randombytes_buf(identity.id.data(), identity.id.size());
  randombytes_buf(secret.data(), secret.size());

  if (::mkdir(creating.c_str(), 0700) != 0) return io_error("make the directory", creating, errno);
  if (Status done = sync_directory(directory); !done) return done;
  if (Status done = LmdbEnvironment::create(creating, map_bytes, identity.id, secret); !done) return done;
  const auto header = check_data_file(creating / data_name);
  if (!header) return header.error();
  identity.page_bytes = header->page_bytes;
  if (Status done = Witness::create(creating / witness_name, identity.id, header->commits); !done) return done;
  if (Status done = sync_file(creating / data_name); !done) return done;
  return sync_directory(creating);
}

}  // namespace

bool has_marker(const std::filesystem::path& directory) { return is_there(directory / marker_name); }

Status check_not_foreign(const std::filesystem::path& directory) {
  if (is_there(directory / data_name) && !is_there(directory / creating_name)) return foreign(directory);
  return {};
}

Status create_store(const std::filesystem::path& directory, std::uint64_t map_bytes) {
  if (Status ours = check_not_foreign(directory); !ours) return ours;
  const std::filesystem::path creating = directory / creating_name;
  if (is_there(creating)) {
    if (Status clean = remove_unfinished(directory); !clean) return clean;
  }
  Identity identity;
  if (Status done = build(directory, creating, map_bytes, identity); !done) return done;
  if (Status done = rename_into(creating / data_name, directory / data_name); !done) return done;
  if (Status done = rename_into(creating / witness_name, directory / witness_name); !done) return done;
  if (Status done = sync_directory(directory); !done) return done;
  if (Status done = write_identity(directory / marker_name, identity); !done) return done;
  remove_creation_leftovers(directory);
  return {};
}

void remove_creation_leftovers(const std::filesystem::path& directory) {
  std::error_code ignored;  // tried again at the next start; in the way of nothing
  std::filesystem::remove(directory / creating_name / "lock.mdb", ignored);
  std::filesystem::remove(directory / creating_name, ignored);
  for (const std::string name : {marker_name, witness_name}) std::filesystem::remove(directory / (name + ".new"), ignored);
  std::filesystem::remove(directory / compacted_name, ignored);
}

}  // namespace ackwire::store
