#include "store/filesystem_check.hpp"

#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "store/file.hpp"

namespace ackwire::store {
namespace {

std::string octal(mode_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

Status check_owner_and_mode(const std::filesystem::path& directory, bool read_only) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return io_error("look at", directory, errno);
  if (!S_ISDIR(status.st_mode)) {
    return Error{Errc::store_unsafe,
                 directory.string() + " is not a directory. Nothing was changed. Name a directory for the store."};
  }
  const std::string facts =
      directory.string() + " (owner uid " + std::to_string(status.st_uid) + ", mode " + octal(status.st_mode) + ")";
  const uid_t user = ::geteuid();
  if (status.st_uid != user && !(read_only && user == 0)) {
    return Error{Errc::store_unsafe, facts + " belongs to another user than this process (uid " + std::to_string(user) +
                                         "). Nothing was changed. Run as its owner, or: chown " + std::to_string(user) + " " +
                                         directory.string()};
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return Error{Errc::store_unsafe,
                 facts + " may be written to by everybody. Nothing was changed. Run: chmod 0700 " + directory.string()};
  }
  return {};
}

}  // namespace

FilesystemKind filesystem_kind(long magic) {
  switch (static_cast<unsigned long>(magic) & 0xfffffffful) {
    case 0x6969:      // NFS
    case 0x517b:      // SMB
    case 0xff534d42:  // CIFS
    case 0xfe534d42:  // SMB2
    case 0x01021997:  // 9P
    case 0x65735546:  // FUSE
    case 0x5346414f:  // AFS
    case 0x00c36400:  // Ceph
    case 0x73757245:  // Coda
    case 0x01161970:  // GFS2
    case 0x7461636f:  // OCFS2
      return FilesystemKind::remote;
    case 0x01021994:  // tmpfs
    case 0x858458f6:  // ramfs
      return FilesystemKind::volatile_memory;
    default: return FilesystemKind::durable;
  }
}

Status check_directory(const std::filesystem::path& directory, bool unsafe_filesystem, bool read_only,
                       const std::function<void(std::string_view)>& warn) {
  if (Status fit = check_owner_and_mode(directory, read_only); !fit) return fit;
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0) return io_error("look at the file system of", directory, errno);
  switch (filesystem_kind(static_cast<long>(status.f_type))) {
    case FilesystemKind::durable: return {};
    case FilesystemKind::volatile_memory:
      warn(directory.string() + " lies on a file system in memory: everything stored there is gone when the machine stops.");
      return {};
    case FilesystemKind::remote:
      if (unsafe_filesystem) {
        warn(directory.string() + " lies on a remote file system: locks and syncs may not hold there, and messages may be lost.");
        return {};
      }
      return Error{Errc::store_unsafe,
                   directory.string() +
                       " lies on a remote or FUSE file system, where locks and syncs may not hold. Nothing was changed. "
                       "Use a local disk, or ask for it with unsafe_filesystem."};
  }
  return {};
}

Status make_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return io_error("make the directory", directory, errno);
  }
  std::filesystem::path trimmed = directory;
  if (!trimmed.has_filename()) trimmed = trimmed.parent_path();  // "a/b/" has the parent "a", as "a/b" has
  return sync_directory(trimmed.parent_path());
}

}  // namespace ackwire::store
