// Files of the store directory, opened without following links.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"

namespace ackwire::store {

/// An open file. Closed when destroyed. Not thread-safe.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.release()) {}
  File& operator=(File&& other) noexcept;
  ~File() { close(); }

  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  int release();
  void close();

 private:
  int fd_ = -1;
};

/// Which file a path led to. A file that was removed and made again has another one.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

/// Errc::io with what was tried, the path and the system's words.
Error io_error(std::string_view action, const std::filesystem::path& path, int error_number);

/// Opens with O_NOFOLLOW and O_CLOEXEC, mode 0600 when it is made. Errors: io; store_unsafe when it is a link or not a regular
/// file.
Result<File> open_file(const std::filesystem::path& path, int flags);
/// The id of the file at `path`; links are not followed. Errors: io.
Result<FileId> file_id(const std::filesystem::path& path);
FileId file_id(int fd);

/// Writes all of `bytes`, however many calls it takes. False: errno says why, and a part may be written.
bool write_at(int fd, std::string_view bytes, std::uint64_t offset);
/// Reads until `size` bytes are there or the file ends; how many. None: errno says why.
std::optional<std::size_t> read_at(int fd, char* bytes, std::size_t size, std::uint64_t offset);

/// At most `limit` bytes from the start. Errors: io, store_unsafe.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);
/// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the directory.
Status replace_file(const std::filesystem::path& path, std::string_view bytes);
Status sync_file(const std::filesystem::path& path);
Status sync_directory(const std::filesystem::path& path);

/// CRC-32 (IEEE 802.3) of a few dozen bytes.
std::uint32_t small_crc32(std::string_view bytes);

}  // namespace ackwire::store
