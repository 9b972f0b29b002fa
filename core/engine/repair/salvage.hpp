// What can still be said of stored bytes that fail their checksum. The functions decide by proof, never by guess, and change
// nothing but what they are given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rows/row.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// The sizes of the `count` records in `records`; they add up to it. Where a length is damaged, the extent of a record is believed
/// when its checksum proves it, or when its length and all behind it add up. From the first that nothing proves on, all that is
/// left counts as that record, and those behind it have no bytes.
std::vector<std::uint32_t> record_sizes(std::string_view records, std::uint32_t count);

/// The one record at `index` of the same.
std::string_view record_at(std::string_view records, std::uint32_t count, std::uint32_t index);

/// Puts the length of a record right when its checksum proves that nothing else is wrong with it.
bool mend_length(std::string& record);

/// The message of a damaged retry or dead row: its record when one can be found, else the whole row.
struct Salvaged {
  TakenOut row;
  bool whole = false;  // the record passes its own checksum
};
Salvaged salvage(std::string_view damaged_row, std::int64_t now_ms);
/// The same for a row under `at`, whose record may lie in `bodies`.
Salvaged salvage(store::Transaction& tx, std::string_view at, std::string_view damaged_row, std::int64_t now_ms);

/// A sealed row with one bit turned back so that its checksum holds. Nothing when it takes more than one, or the row is long:
/// then one bit proves too little.
std::optional<std::string> mend_sealed(std::string_view row);

/// The same for the header of a block whose key says `base`.
bool mend_run_header(std::string& block, std::uint64_t base);

/// A new header over the records of a block whose own is lost. `most` sequences are free for them.
void replace_run_header(std::string& block, std::uint64_t base, std::uint64_t publish_ms, std::uint64_t most);

}  // namespace ackwire::engine
