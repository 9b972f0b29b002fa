// The room on the disk that a growing data file has: a reserve that is really allocated behind its end, and what is free beside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace ackwire::store {

/// Allocated behind the end of the data file, so that acks, purges and what comes back can be stored when another file has taken
/// all that was free. At most an eighth of the map.
inline constexpr std::uint64_t disk_reserve_bytes = 8ull << 20;

class DiskRoom {
 public:
  DiskRoom() = default;
  /// `fd`: the data file, open as long as this is used. `file_limit`: RLIMIT_FSIZE, or the largest number.
  DiskRoom(int fd, std::filesystem::path directory, std::uint64_t map_bytes, std::uint64_t file_limit);

  /// The file now has `file_bytes`. Takes what is missing of the reserve; a disk that refuses is asked again a little later.
  void follow(std::uint64_t file_bytes);
  std::uint64_t file_bytes() const { return file_bytes_; }
  /// The bytes that the file may have without taking more of the disk: its own, and those allocated behind its end.
  std::uint64_t allocated_bytes() const;
  /// What the reserve is to be; less may be there (allocated_bytes() - file) when the disk is full or cannot allocate ahead.
  std::uint64_t reserve_bytes() const { return reserve_bytes_; }
  /// What statvfs says, at most 100 ms old.
  std::uint64_t free_bytes() const;
  std::uint64_t file_limit() const { return file_limit_; }

 private:
  bool allocate(std::uint64_t end);

  int fd_ = -1;
  std::filesystem::path directory_;
  std::uint64_t reserve_bytes_ = 0;
  std::uint64_t file_limit_ = ~0ull;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t allocated_ = 0;  // up to here blocks are allocated
  bool supported_ = true;        // by the file system
  bool asked_ = false;
  std::chrono::steady_clock::time_point ask_again_{};
  mutable std::uint64_t free_ = 0;
  mutable std::chrono::steady_clock::time_point free_until_{};
};

}  // namespace ackwire::store
