#include "ackwire/compact.hpp"

#include "ackwire/process.hpp"
#include "store/lmdb_compact.hpp"

namespace ackwire {

Result<CompactReport> compact(const std::filesystem::path& directory) {
  keep_standard_descriptors();
  const auto done = store::compact_lmdb(directory, {});
  if (!done) return done.error();
  return CompactReport{done->bytes_before, done->bytes_after};
}

}  // namespace ackwire
