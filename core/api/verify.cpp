#include "engine/verify.hpp"

#include "store/lmdb_store.hpp"

namespace ackwire {

Result<VerifyReport> verify(const std::filesystem::path& directory) {
  store::LmdbOptions options;
  options.create = false;
  options.read_only = true;
  auto store = store::open_lmdb(directory, options);
  if (!store) return store.error();
  return engine::verify(**store);
}

}  // namespace ackwire
