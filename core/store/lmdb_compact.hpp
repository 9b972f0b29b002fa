// Writes the data file anew without its free pages.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ackwire/error.hpp"
#include "store/lmdb_store.hpp"

namespace ackwire::store {

/// The copy, until it takes the place of the data file. A crash may leave it; the next open removes it.
inline constexpr const char* compacted_name = "data.mdb.new";

struct Compacted {
  std::uint64_t bytes_before = 0, bytes_after = 0;  // on the disk
};

/// Opens the store, which must exist, with these options and closes it again. Errors: as open_lmdb; store_full when the disk has no
/// room for the copy; store_damaged when the copy is not equal. After an error the store is as it was.
Result<Compacted> compact_lmdb(const std::filesystem::path& directory, LmdbOptions options);

}  // namespace ackwire::store
