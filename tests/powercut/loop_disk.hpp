// A file system of its own on a loop device, whose power can be cut: what was not synced is gone. Needs root.
#pragma once

#include <filesystem>
#include <string>

namespace powercut {

class LoopDisk {
 public:
  /// Makes an image of `bytes` (sparse) beside `mount_point`, and an ext4 in it, and mounts it, in a mount namespace of this
  /// process alone: everything is let go of when the process ends, however it ends.
  LoopDisk(const std::filesystem::path& image, const std::filesystem::path& mount_point, std::uint64_t bytes);
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  /// Empty when all is well; else what cannot be had here.
  const std::string& trouble() const { return trouble_; }

  /// The power goes: nothing reaches the device any more, neither the journal nor what was written and not synced.
  bool cut();
  /// It is back. Requires: no process has a file open there.
  bool restore(bool read_only = false);

 private:
  bool fail(const std::string& what);
  bool attach(const std::filesystem::path& image);
  bool mount_it(bool read_only);

  std::filesystem::path mount_point_;
  std::string device_, trouble_;
  int device_fd_ = -1;
  bool mounted_ = false;
};

}  // namespace powercut
