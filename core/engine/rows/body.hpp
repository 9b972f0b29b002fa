// Records of messages that left their block. A small one lies in the row of its message; a larger one has a row of its own in
// `bodies`, under the same key, which is written once and stays where it is while the message fails, waits, dies and is redriven.
#pragma once

#include <string_view>

#include "engine/rows/row.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// Records from this size on have a row of their own. Below it, rewriting the record with its row costs less than another row.
inline constexpr std::size_t body_bytes_min = 1'024;

/// Whether the record is to move into `bodies` when the row is written.
bool wants_body(const TakenOut& row);
/// Reads the record of a row that was decoded, if it lies in `bodies`. What is not there stays empty, and fails its own check.
void read_body(store::Transaction& tx, std::string_view at, TakenOut& row);
/// decode() and read_body() of a row in `retry` or `dead` under `at`.
Decoded read_taken_out(store::Transaction& tx, std::string_view at, std::string_view value, TakenOut& row);

}  // namespace ackwire::engine
