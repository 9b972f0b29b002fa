// The rows of a table whose keys begin alike, in order: one walk, written once.
#pragma once

#include <string>
#include <string_view>

#include "store/store.hpp"

namespace ackwire::store {

/// Goes on behind the row it gave last, whatever became of that row; so rows may be put and erased on the way, and a walk sees what
/// is put behind its place. Views are valid until the next write of the transaction, as of seek().
class Scan {
 public:
  /// From the first key that begins with `prefix` and is not before `from`.
  Scan(Transaction& tx, Table table, std::string_view prefix, std::string_view from = {})
      : tx_(tx), table_(table), prefix_(prefix), at_(from < prefix ? prefix : from) {}
  /// False at the end.
  bool next(Row& row) {
    if (!tx_.seek(table_, at_, row) || !row.key.starts_with(prefix_)) return false;
    at_.assign(row.key);
    at_.push_back('\0');
    return true;
  }

 private:
  Transaction& tx_;
  const Table table_;
  const std::string prefix_;
  std::string at_;  // the smallest key that was not given yet
};

}  // namespace ackwire::store
