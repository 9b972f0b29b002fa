// For tests only: an environment that is opened wrongly on purpose, to show that the tests would notice.
#pragma once

#include "store/lmdb_store.hpp"

namespace ackwire::store {

/// As open_lmdb, with these flags of mdb_env_open added (MDB_NOSYNC, MDB_NOMETASYNC).
Result<std::unique_ptr<Store>> open_lmdb_wrongly(const std::filesystem::path& directory, const LmdbOptions& options,
                                                 unsigned flags);

}  // namespace ackwire::store
