// One owner a directory: a lock between processes (flock on `ackwire.lock`, which holds the owner's pid) and, because LMDB opened
// twice in one process loses its locks, a registry inside the process. After a fork the child's copy is dead.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "ackwire/error.hpp"
#include "store/file.hpp"

namespace ackwire::store {

inline constexpr const char* lock_name = "ackwire.lock";

/// Keeps this process from opening the store in a directory, without keeping others from it.
class ProcessReservation {
 public:
  /// Errors: store_in_use when this process has it open; io.
  static Result<ProcessReservation> take(const std::filesystem::path& directory);
  ProcessReservation(ProcessReservation&& other) noexcept
      : directory_(other.directory_), held_(std::exchange(other.held_, false)) {}
  ProcessReservation& operator=(ProcessReservation&&) = delete;
  ~ProcessReservation();

 private:
  explicit ProcessReservation(FileId directory) : directory_(directory) {}
  FileId directory_;
  bool held_ = true;
};

class DirectoryLock {
 public:
  /// Does not wait. `read_only`: leaves the directory as it was, even when it held no lock file.
  /// Errors: store_in_use naming the pid; io, store_unsafe.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::filesystem::path& directory, bool read_only);
  ~DirectoryLock();

  /// True in a child made by fork(). Any thread.
  bool forked() const { return forked_.load(std::memory_order_relaxed); }
  FileId file() const { return file_id(file_.fd()); }
  const std::filesystem::path& path() const { return path_; }

 private:
  friend struct LockRegistry;
  DirectoryLock(File file, std::filesystem::path path, FileId directory)
      : file_(std::move(file)), path_(std::move(path)), directory_(directory) {}

  File file_;
  const std::filesystem::path path_;
  const FileId directory_;
  bool remove_file_ = false;  // it was made only to look
  std::atomic<bool> forked_{false};
};

}  // namespace ackwire::store
