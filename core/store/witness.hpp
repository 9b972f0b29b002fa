// The witness file: remembers beside the store how many commits were seen, so that an older copy put in its place is refused.
// Two places are written in turn, without a sync of their own: a write that is cut tears one, and the other still speaks. The file
// may lag behind, never run ahead.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "ackwire/error.hpp"
#include "store/file.hpp"

namespace ackwire::store {

inline constexpr const char* witness_name = "witness";

class Witness {
 public:
  /// Makes the file or a new one in its place, synced, its name too.
  static Status create(const std::filesystem::path& path, std::string_view store_id, std::uint64_t commits);
  /// Errors: store_rollback when it is missing, of another store, or none of its places is whole; io, store_unsafe.
  static Result<Witness> open(const std::filesystem::path& path, std::string_view store_id, bool read_only);

  /// As of when it was opened, or last raised.
  std::uint64_t commits() const { return commits_; }
  /// One small write. A failed one is left to the next commit, which writes the same place again: the commit itself is durable.
  void raise(std::uint64_t commits);
  FileId file() const { return file_id(file_.fd()); }

 private:
  Witness(File file, std::uint64_t half_id, std::uint64_t commits, unsigned next)
      : file_(std::move(file)), half_id_(half_id), commits_(commits), next_(next) {}
  File file_;
  std::uint64_t half_id_ = 0;
  std::uint64_t commits_ = 0;
  unsigned next_ = 0;  // the place that is written next: the one whose loss would cost nothing
};

}  // namespace ackwire::store
