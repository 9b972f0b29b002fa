#include "store/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ackwire::store {
namespace {

Status sync_fd(int fd, const std::filesystem::path& path) {
  if (::fsync(fd) != 0) return io_error("sync", path, errno);
  return {};
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int File::release() { return std::exchange(fd_, -1); }

void File::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Error io_error(std::string_view action, const std::filesystem::path& path, int error_number) {
  return {Errc::io, "Cannot " + std::string(action) + " " + path.string() + ": " + std::strerror(error_number) + " (errno " +
                        std::to_string(error_number) + "). Nothing was changed. Check the path, its owner and its mode."};
}

namespace {

/// A copy above the standard descriptors: another thread may have closed one since they were looked at.
int above_standard(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error_number = errno;
  ::close(fd);
  errno = error_number;
  return moved;
}

}  // namespace

Result<File> open_file(const std::filesystem::path& path, int flags) {
  File file(above_standard(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600)));
  if (!file.open()) {
    if (errno != ELOOP) return io_error("open", path, errno);
    return Error{Errc::store_unsafe,
                 path.string() + " is a symbolic link. Nothing was read or changed. Put the file itself there."};
  }
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return io_error("look at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return Error{Errc::store_unsafe, path.string() + " is not a regular file. Nothing was read or changed. Use another directory."};
  }
  return file;
}

Result<FileId> file_id(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return io_error("look at", path, errno);
  return FileId{status.st_dev, status.st_ino};
}

FileId file_id(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

bool write_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = ENOSPC;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return true;
}

std::optional<std::size_t> read_at(int fd, char* bytes, std::size_t size, std::uint64_t offset) {
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(fd, bytes + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return std::move(file).error();
  std::string bytes(limit, '\0');
  const auto size = read_at(file->fd(), bytes.data(), limit, 0);
  if (!size) return io_error("read", path, errno);
  bytes.resize(*size);
  return bytes;
}

Status replace_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = path.string() + ".new";
  auto file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return std::move(file).error();
  if (!write_at(file->fd(), bytes, 0)) return io_error("write", temporary, errno);
  if (Status done = sync_fd(file->fd(), temporary); !done) return done;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("rename a new file to", path, errno);
  return sync_directory(path.parent_path());
}

Status sync_file(const std::filesystem::path& path) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return std::move(file).error();
  return sync_fd(file->fd(), path);
}

Status sync_directory(const std::filesystem::path& path) {
  const std::filesystem::path directory = path.empty() ? std::filesystem::path(".") : path;
  const File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.open()) return io_error("open directory", directory, errno);
  return sync_fd(file.fd(), directory);
}

std::uint32_t small_crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

}  // namespace ackwire::store
