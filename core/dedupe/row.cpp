#include "dedupe/row.hpp"

#include <xxhash.h>

namespace ackwire::dedupe {

std::uint32_t key_number(std::string_view key, std::size_t offset) {
  if (key.size() < offset + 4) return 0;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(key[offset + i]);
  return number;
}

void append_checksum(std::string& value) {
  const std::uint64_t checksum = XXH3_64bits(value.data(), value.size());
  append(value, checksum);
}

bool split_checksum(std::string_view& value) {
  if (value.size() < checksum_bytes) return false;
  std::uint64_t stored = 0;
  std::memcpy(&stored, value.data() + value.size() - checksum_bytes, checksum_bytes);
  value.remove_suffix(checksum_bytes);
  return XXH3_64bits(value.data(), value.size()) == stored;
}

Error damaged(std::uint32_t queue, RowKind kind, std::uint32_t table, std::string_view what) {
  const std::string_view place = kind == RowKind::log ? "key log" : "sealed run";
  std::string text = "The dedupe store of queue " + std::to_string(queue) + " is damaged: ";
  text.append(place).append(" ").append(std::to_string(table)).append(": ").append(what);
  text.append(". Nothing was changed. Run ackwire verify on the store, and restore it from a backup.");
  return Error{Errc::store_damaged, std::move(text)};
}

}  // namespace ackwire::dedupe
