// Rows of the dedupe table. Keys are big-endian so that they sort; values are little-endian and end in a checksum.
//
//   key    = queue:u32 kind:u8 table:u32 rest
//   'L'    rest = row:u32            key log: what one turn added.       value = time:u64 entries
//   'R'    rest = first hash:16      sorted run, one row of it.          value = entries
//   'H'    rest = nothing            run header; the run exists with it. value = see run.hpp
//
// A run has the number of the table that it was sealed from. The letters and layouts are permanent.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "dedupe/dedupe.hpp"

namespace ackwire::dedupe {

static_assert(std::endian::native == std::endian::little, "rows are copied as they lie in memory");
static_assert(sizeof(DedupeEntry) == 32);

enum class RowKind : char { log = 'L', run = 'R', header = 'H' };

inline constexpr std::size_t checksum_bytes = 8;
/// A value of four LMDB pages less page header and the byte of the store; of sixteen pages for the log.
inline constexpr std::size_t run_row_entries = (4 * 4096 - 16 - 1 - checksum_bytes) / sizeof(DedupeEntry);
inline constexpr std::size_t log_row_entries = (16 * 4096 - 16 - 1 - checksum_bytes - 8) / sizeof(DedupeEntry);

/// Builds one row key in place.
class RowKey {
 public:
  explicit RowKey(std::uint32_t queue) { big_endian32(queue); }
  RowKey(std::uint32_t queue, RowKind kind) : RowKey(queue) { bytes_[size_++] = static_cast<char>(kind); }
  RowKey(std::uint32_t queue, RowKind kind, std::uint32_t table) : RowKey(queue, kind) { big_endian32(table); }
  RowKey& row(std::uint32_t number) { return big_endian32(number); }
  RowKey& hash(const KeyHash& key) {
    big_endian32(static_cast<std::uint32_t>(key.high >> 32)).big_endian32(static_cast<std::uint32_t>(key.high));
    return big_endian32(static_cast<std::uint32_t>(key.low >> 32)).big_endian32(static_cast<std::uint32_t>(key.low));
  }
  operator std::string_view() const { return {bytes_, size_}; }

 private:
  RowKey& big_endian32(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_[size_++] = static_cast<char>(value >> shift);
    return *this;
  }
  char bytes_[4 + 1 + 4 + 16];
  std::size_t size_ = 0;
};

/// Reads the big-endian number at `offset` of a row key; 0 when the key is too short.
std::uint32_t key_number(std::string_view key, std::size_t offset);
inline constexpr std::size_t table_offset = 5, log_row_offset = 9;

/// Appends the checksum of what `value` holds so far.
void append_checksum(std::string& value);
/// Takes the checksum off; false when it is missing or wrong.
bool split_checksum(std::string_view& value);

template <class T>
void append(std::string& value, const T& field) {
  value.append(reinterpret_cast<const char*>(&field), sizeof field);
}
template <class T>
bool split(std::string_view& value, T& field) {
  if (value.size() < sizeof field) return false;
  std::memcpy(&field, value.data(), sizeof field);
  value.remove_prefix(sizeof field);
  return true;
}

/// The entry at `index` of packed entries.
inline DedupeEntry entry_at(std::string_view entries, std::size_t index) {
  DedupeEntry entry;
  std::memcpy(&entry, entries.data() + index * sizeof entry, sizeof entry);
  return entry;
}

/// "store_damaged", naming the place.
Error damaged(std::uint32_t queue, RowKind kind, std::uint32_t table, std::string_view what);

}  // namespace ackwire::dedupe
