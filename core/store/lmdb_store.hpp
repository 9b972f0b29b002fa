// The LMDB store in a directory.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "store/store.hpp"

namespace ackwire::store {

struct LmdbOptions {
  std::uint64_t map_bytes = 64ull << 30;
  bool accept_rollback = false;
  bool unsafe_filesystem = false;
  bool create = true;      // false: a missing store is an error
  bool read_only = false;  // for verify: no file is changed; begin() gives transactions whose commit() must be clean. Values over
                           // 64 KiB that such a transaction put together are kept until it ends: begin anew now and then
  std::function<void(std::string_view)> on_warning{};  // one sentence, during open only; not set: a line on stderr
};

/// Opens or makes the store. Holds an exclusive lock on the directory until destroyed. Does not wait and does not scan.
/// Errors, each naming the file, what was not lost and what to do: store_in_use, store_unsafe, store_invalid, store_emptied,
/// store_version, store_rollback, io. Nothing is ever deleted or emptied because it cannot be read.
Result<std::unique_ptr<Store>> open_lmdb(const std::filesystem::path& directory, const LmdbOptions& options);

}  // namespace ackwire::store
