// A whole store directory, copied: of a store that a broker of another process may be serving, or of a backup.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ackwire/error.hpp"
#include "store/lmdb_copy.hpp"

namespace ackwire::store {

/// Behind the name of a copy that is not finished. It has no marker, so nothing takes it for a store.
inline constexpr const char* unfinished_suffix = ".unfinished";

/// Makes `to`, which must not exist or be an empty directory, a store with the content and the identity of the one in `from` as of
/// one commit. It is made beside `to` and renamed when it is whole and synced. A copy that was cut goes on where it was. Errors:
/// those of copy_environment(); store_in_use when this process has `from` open, or another one makes the same copy; store_invalid,
/// store_emptied, store_version, store_unsafe of `from`; invalid_argument: `to` is in use.
Result<Copied> copy_store(const std::filesystem::path& from, const std::filesystem::path& to, std::uint64_t bytes_per_second);

}  // namespace ackwire::store
