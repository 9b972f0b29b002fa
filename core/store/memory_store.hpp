// The memory store: the same contract, no disk. The simulator plants faults through it.
#pragma once

#include <cstdint>
#include <memory>

#include "store/store.hpp"

namespace ackwire::store {

/// What a simulated disk does to a commit.
enum class CommitFault : std::uint8_t {
  none,
  full,          // store_full, nothing stored
  error_lost,    // an error is returned, nothing stored; sticky
  error_stored,  // an error is returned though everything was stored; sticky
  lying,         // ok is returned, but the changes are lost at the next crash (a disk without sync)
};

class MemoryStore : public Store {
 public:
  static std::unique_ptr<MemoryStore> make(std::uint64_t seed, std::uint64_t limit_bytes = 1ull << 30);
  /// Applies to the next commit.
  virtual void fault_next_commit(CommitFault fault) = 0;
  /// Power cut: the open transaction and whatever was not durable is gone, sticky failures too.
  virtual void crash() = 0;
  /// A hash over all rows; equal contents have equal digests.
  virtual std::uint64_t digest() const = 0;
  /// Changes one stored byte, for damage tests. False when the row is absent or shorter.
  virtual bool damage(Table table, std::string_view key, std::size_t offset, std::uint8_t flip) = 0;
};

}  // namespace ackwire::store
