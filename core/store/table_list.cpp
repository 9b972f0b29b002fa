//   row     = crc:u32 members       crc is CRC-32 of the members (format/members.hpp)
//   members = 1 table, a list: its members are 1 name, 2 version
// The values are permanent.
#include "store/table_list.hpp"

#include <algorithm>
#include <cstring>

#include "format/members.hpp"
#include "store/file.hpp"

namespace ackwire::store {
namespace {

constexpr std::uint8_t table = 1;

}  // namespace

std::vector<MadeTable> tables_of_format_1() {
  std::vector<MadeTable> tables;
  for (const char* name : {"state", "blocks", "marks", "retry", "due", "dead", "dedupe", "history", "parts"})
    tables.push_back({name, "0.1.0"});
  return tables;
}

std::string encode(const std::vector<MadeTable>& tables) {
  std::string row(sizeof(std::uint32_t), '\0');
  for (const MadeTable& made : tables) append_member(row, table, made);
  const std::uint32_t crc = small_crc32(std::string_view(row).substr(sizeof crc));
  std::memcpy(row.data(), &crc, sizeof crc);
  return row;
}

std::optional<std::vector<MadeTable>> decode_tables(std::string_view row) {
  std::uint32_t crc = 0;
  if (row.size() < sizeof crc) return std::nullopt;
  std::memcpy(&crc, row.data(), sizeof crc);
  row.remove_prefix(sizeof crc);
  if (small_crc32(row) != crc) return std::nullopt;
  std::vector<MadeTable> tables;
  format::Member member;
  while (!row.empty()) {
    if (!format::split(row, member)) return std::nullopt;
    if (member.number == table) tables.push_back(read_named_version(member.bytes));
  }
  return tables;
}

bool has_table(const std::vector<MadeTable>& tables, std::string_view name) {
  return std::any_of(tables.begin(), tables.end(), [name](const MadeTable& made) { return made.name == name; });
}

}  // namespace ackwire::store
