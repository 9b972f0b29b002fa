//   marker = magic:8 format:u32 page_bytes:u32 id:16 crc:u32        little-endian; crc is CRC-32 of what is before it
// The values are permanent; `magic` and `format` keep their places in every format to come.
#include "store/identity.hpp"

#include <cstring>

#include "store/file.hpp"

namespace ackwire::store {
namespace {

constexpr std::string_view magic = "ACKWIRE\n";
constexpr std::size_t covered_bytes = 8 + 4 + 4 + 16;
constexpr std::size_t marker_bytes = covered_bytes + 4;

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

}  // namespace

Result<Identity> read_identity(const std::filesystem::path& marker) {
  auto bytes = read_file(marker, 4096);
  if (!bytes) return std::move(bytes).error();
  if (bytes->size() < 12 || bytes->substr(0, 8) != magic)
    return damaged(marker, "it does not begin with the mark of a store (offset 0)");
  const std::uint32_t format = read_u32(*bytes, 8);
  if (format != store_format) {
    const bool newer = format > store_format;
    return Error{Errc::store_version,
                 marker.string() + ": the store has format " + std::to_string(format) + ", this program reads format " +
                     std::to_string(store_format) + ". Nothing was changed. " +
                     (newer ? "Use the newer program that wrote it." : "Use the program that wrote it, and move its messages.")};
  }
  if (bytes->size() != marker_bytes) return damaged(marker, "it has " + std::to_string(bytes->size()) + " bytes instead of 36");
  if (small_crc32(std::string_view(*bytes).substr(0, covered_bytes)) != read_u32(*bytes, covered_bytes)) {
    return damaged(marker, "its checksum at offset 32 does not match");
  }
  return Identity{bytes->substr(16, 16), format, read_u32(*bytes, 12)};
}

Status write_identity(const std::filesystem::path& marker, const Identity& identity) {
  std::string bytes(magic);
  append_u32(bytes, identity.format);
  append_u32(bytes, identity.page_bytes);
  bytes += identity.id;
  append_u32(bytes, small_crc32(bytes));
  return replace_file(marker, bytes);
}

}  // namespace ackwire::store
