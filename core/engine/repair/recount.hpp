// Counts what a group has in the store, and makes its counters say so. For stores that were damaged: otherwise counters change in
// the transaction of what they count.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/rows/row.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

struct Counted {
  std::uint64_t messages = 0, bytes = 0;
  void add(std::size_t size) { ++messages, bytes += size; }
};

/// What is there of one group: in blocks and not settled, and in rows of its own.
struct Present {
  Counted pending, retry, dead;
};

/// Reads every block of the queue, and the group's marks, retry rows and dead letters.
Present count_present(store::Transaction& tx, std::uint32_t queue, std::uint32_t group, std::uint64_t floor);

/// Makes published = pending + retry + dead + acked + expired + discarded hold, and the same in bytes. Messages that are there and
/// were counted as final are taken off `acked` first; those that are not there are taken off `published`. Says what was changed.
std::vector<std::string> reconcile(GroupRow& row, const Present& present);

}  // namespace ackwire::engine
