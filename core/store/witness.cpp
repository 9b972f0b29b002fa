//   witness = place place                              the higher count of those that are whole; a file of one place is read too
//   place   = commits:u64 half_id:u64 crc:u32          half_id: the first 8 bytes of the store id; crc is CRC-32 of the 16 bytes
//   before
#include "store/witness.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

namespace ackwire::store {
namespace {

constexpr std::size_t place_bytes = 20;
constexpr unsigned places = 2;

struct WitnessBytes {
  char data[place_bytes];
};

WitnessBytes encode(std::uint64_t commits, std::uint64_t half_id) {
  WitnessBytes bytes{};
  std::memcpy(bytes.data, &commits, 8);
  std::memcpy(bytes.data + 8, &half_id, 8);
  const std::uint32_t crc = small_crc32({bytes.data, 16});
  std::memcpy(bytes.data + 16, &crc, 4);
  return bytes;
}

std::uint64_t half(std::string_view store_id) {
  std::uint64_t value = 0;
  std::memcpy(&value, store_id.data(), sizeof value);
  return value;
}

Error doubtful(const std::filesystem::path& path, std::string_view what) {
  return {Errc::store_rollback,
          path.string() + " " + std::string(what) +
              ", so it cannot be told whether this store is older than what was confirmed. Nothing was changed. "
              "Put the newest copy back, or open it once with accept_rollback."};
}

}  // namespace

Status Witness::create(const std::filesystem::path& path, std::string_view store_id, std::uint64_t commits) {
  const WitnessBytes bytes = encode(commits, half(store_id));
  const std::string_view place(bytes.data, sizeof bytes.data);
  return replace_file(path, std::string(place) + std::string(place));
}

Result<Witness> Witness::open(const std::filesystem::path& path, std::string_view store_id, bool read_only) {
  auto file = open_file(path, read_only ? O_RDONLY : O_RDWR);
  if (!file) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return doubtful(path, "is missing");
    return std::move(file).error();
  }
  char bytes[places * place_bytes];
  const auto size = read_at(file->fd(), bytes, sizeof bytes, 0);
  if (!size) return io_error("read", path, errno);
  if (*size < place_bytes) return doubtful(path, "is cut short");
  std::optional<std::uint64_t> newest;
  unsigned next = 0;
  for (unsigned place = 0; place < places; ++place) {
    std::uint64_t commits = 0, half_id = 0;
    const char* const at = bytes + place * place_bytes;
    std::memcpy(&commits, at, 8);
    std::memcpy(&half_id, at + 8, 8);
    const bool whole = *size >= (place + 1) * place_bytes && std::memcmp(at, encode(commits, half_id).data, place_bytes) == 0;
    if (!whole) continue;
    if (half_id != half(store_id)) return doubtful(path, "belongs to another store");
    if (newest && *newest >= commits) continue;
    newest = commits;
    next = (place + 1) % places;
  }
  if (!newest) return doubtful(path, "fails its checksum in both places");
  return Witness(std::move(*file), half(store_id), *newest, next);
}

void Witness::raise(std::uint64_t commits) {
  const WitnessBytes bytes = encode(commits, half_id_);
  if (!write_at(file_.fd(), {bytes.data, sizeof bytes.data}, static_cast<std::uint64_t>(next_) * place_bytes)) return;
  commits_ = commits;
  next_ = (next_ + 1) % places;
}

}  // namespace ackwire::store
