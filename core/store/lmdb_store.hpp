// The LMDB store in a directory.
#pragma once

#include <filesystem>
#include <memory>

#include "store/store.hpp"

namespace ackwire::store {

struct LmdbOptions {
  std::uint64_t map_bytes = 64ull << 30;
  bool accept_rollback = false;
  bool unsafe_filesystem = false;
  bool create = true;      // false: a missing store is an error
  bool read_only = false;  // for verify: no file is changed; begin() gives transactions whose commit() must be clean
};

/// Opens or makes the store. Holds an exclusive lock on the directory until destroyed.
Result<std::unique_ptr<Store>> open_lmdb(const std::filesystem::path& directory, const LmdbOptions& options);

}  // namespace ackwire::store
