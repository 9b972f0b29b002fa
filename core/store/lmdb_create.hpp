// Makes a new store in a directory, so that a power cut at any moment leaves either no store or a whole one.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ackwire/error.hpp"

namespace ackwire::store {

/// True when the directory holds a store: its marker is there.
bool has_marker(const std::filesystem::path& directory);
/// store_invalid when the directory holds a data file that no Ackwire store accounts for.
Status check_not_foreign(const std::filesystem::path& directory);
/// Requires the directory's lock, and no marker. Errors: store_invalid, io, store_full.
Status create_store(const std::filesystem::path& directory, std::uint64_t map_bytes);
/// Removes what a creation, a new witness or a compaction that was cut left behind.
void remove_creation_leftovers(const std::filesystem::path& directory);

}  // namespace ackwire::store
