#include "engine/rows/body.hpp"

namespace ackwire::engine {

bool wants_body(const TakenOut& row) { return row.body_bytes == 0 && row.record.size() >= body_bytes_min; }

void read_body(store::Transaction& tx, std::string_view at, TakenOut& row) {
  if (row.body_bytes == 0) return;
  row.record = tx.get(store::Table::bodies, at).value_or("");
}

Decoded read_taken_out(store::Transaction& tx, std::string_view at, std::string_view value, TakenOut& row) {
  const Decoded read = decode(value, row);
  if (read) read_body(tx, at, row);
  return read;
}

}  // namespace ackwire::engine
