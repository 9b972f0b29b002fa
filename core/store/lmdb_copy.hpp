// Copies an LMDB environment that another process may be writing to, row by row, without one long read transaction: such a one
// would keep every page that is freed meanwhile from being used again, and the file would grow for as long as the copy takes.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire::store {

struct Copied {
  std::uint64_t rows = 0, bytes = 0;  // in the copy
  std::uint64_t written_bytes = 0;
  std::uint32_t passes = 0;
  Duration longest_read{0};
};

/// Makes the environment in the directory `to` equal to the one in `from` as of one commit: passes over all rows in short read
/// transactions carry over what differs, until little is left; the last pass is one read transaction. Rows that are there already
/// are not written again, so a copy that was cut goes on where it was. `bytes_per_second`: written at most, 0 = no limit. Requires
/// that no environment in `from` is open in this process, and that nobody else uses `to`. The copy is synced, its directory is not.
/// Errors: invalid_argument (`to` holds rows of another store), store_invalid, io, store_full.
Result<Copied> copy_environment(const std::filesystem::path& from, const std::filesystem::path& to, std::uint64_t bytes_per_second);

}  // namespace ackwire::store
