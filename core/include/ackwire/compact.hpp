// Giving the free pages of a store back to the disk.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ackwire/error.hpp"

namespace ackwire {

/// What compact() did. Bytes are those on the disk, the reserve behind the data included.
struct CompactReport {
  std::uint64_t bytes_before = 0, bytes_after = 0;
  std::uint64_t bytes_freed() const { return bytes_before > bytes_after ? bytes_before - bytes_after : 0; }
};

/// Writes the data of the store in `directory` anew without its free pages, compares the copy with the original row by row, and
/// puts it in its place. Offline: nobody may have the store open. A crash at any moment leaves one whole store. Needs as much free
/// disk as the data takes. Errors: as Broker::open; store_full when the disk has no room for the copy: then nothing was changed.
Result<CompactReport> compact(const std::filesystem::path& directory);

}  // namespace ackwire
