//   marker  = magic:8 format:u32 page_bytes:u32 id:16 [members] crc:u32     little-endian; crc is CRC-32 of what is before it
//   members = from format 2 on (format/members.hpp):   1 need, a list: its members are 1 name, 2 version
// The values are permanent; `magic` and `format` keep their places in every format to come.
#include "store/identity.hpp"

#include <algorithm>
#include <cstring>

#include "ackwire/version.hpp"
#include "format/members.hpp"
#include "store/file.hpp"

namespace ackwire::store {
namespace {

constexpr std::string_view magic = "ACKWIRE\n";
constexpr std::size_t covered_bytes = 8 + 4 + 4 + 16;
constexpr std::size_t crc_bytes = 4;
constexpr std::size_t marker_bytes_max = 4096;

// What a store can need that this program knows. Empty as long as every member and table that there is can be passed over.
constexpr std::array<std::string_view, 0> known_needs{};

constexpr std::uint8_t need_number = 1;

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void append_u32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

Error damaged(const std::filesystem::path& marker, const std::string& what) {
  return {Errc::store_invalid, marker.string() + " is damaged: " + what +
                                   ". The data beside it was not touched. Put the file back from a "
                                   "backup of this store."};
}

Error foreign_format(const std::filesystem::path& marker, std::uint32_t format) {
  return {Errc::store_version,
          marker.string() + ": the store has format " + std::to_string(format) + ", this program reads formats 1 to " +
              std::to_string(store_format) + ". Nothing was changed. " +
              (format == 0 ? "Use the program that wrote it, and move its messages." : "Use the newer program that wrote it.")};
}

Error unknown_need(const std::filesystem::path& marker, const Need& need) {
  return {Errc::store_version, marker.string() + ": the store needs \"" + need.name + "\", which version " + need.version +
                                   " of the program brought and this one, version " + std::string(version()) +
                                   ", does not know. Nothing was changed. Use version " + need.version + " or a newer one."};
}

Status read_members(const std::filesystem::path& marker, std::string_view members, Identity& identity) {
  format::Member member;
  while (!members.empty()) {
    if (!format::split(members, member)) return damaged(marker, "its members cannot be told apart");
    if (member.number == need_number) {
      identity.needs.push_back(read_named_version(member.bytes));
    } else if ((member.kind & format::member_required) != 0) {
      return unknown_need(marker, {"member " + std::to_string(member.number) + " of the marker", "(not said)"});
    } else {
      identity.kept += member.whole;
    }
  }
  for (const Need& one : identity.needs) {
    if (std::find(known_needs.begin(), known_needs.end(), one.name) == known_needs.end()) return unknown_need(marker, one);
  }
  return {};
}

}  // namespace

Result<Identity> read_identity(const std::filesystem::path& marker) {
  auto bytes = read_file(marker, marker_bytes_max);
  if (!bytes) return std::move(bytes).error();
  if (bytes->size() < 12 || bytes->substr(0, 8) != magic)
    return damaged(marker, "it does not begin with the mark of a store (offset 0)");
  const std::uint32_t format = read_u32(*bytes, 8);
  if (format == 0 || format > store_format) return foreign_format(marker, format);
  if (bytes->size() < covered_bytes + crc_bytes || (format == 1 && bytes->size() != covered_bytes + crc_bytes)) {
    return damaged(marker, "it has " + std::to_string(bytes->size()) + " bytes instead of " +
                               (format == 1 ? std::string("36") : std::string("36 or more")));
  }
  const std::size_t covered = bytes->size() - crc_bytes;
  if (small_crc32(std::string_view(*bytes).substr(0, covered)) != read_u32(*bytes, covered)) {
    return damaged(marker, "its checksum at offset " + std::to_string(covered) + " does not match");
  }
  Identity identity{bytes->substr(16, 16), format, read_u32(*bytes, 12)};
  const std::string_view members = std::string_view(*bytes).substr(covered_bytes, covered - covered_bytes);
  if (Status read = read_members(marker, members, identity); !read) return std::move(read).error();
  return identity;
}

Status write_identity(const std::filesystem::path& marker, const Identity& identity) {
  std::string bytes(magic);
  append_u32(bytes, identity.format);
  append_u32(bytes, identity.page_bytes);
  bytes += identity.id;
  for (const Need& one : identity.needs) append_member(bytes, need_number, one);
  bytes += identity.kept;
  append_u32(bytes, small_crc32(bytes));
  return replace_file(marker, bytes);
}

}  // namespace ackwire::store
