//   witness = commits:u64 half_id:u64 crc:u32          half_id: the first 8 bytes of the store id; crc is CRC-32 of the 16 bytes
//   before
#include "store/witness.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ackwire::store {
namespace {

struct WitnessBytes {
  char data[20];
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
  auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return std::move(file).error();
  const WitnessBytes bytes = encode(commits, half(store_id));
  if (::pwrite(file->fd(), bytes.data, sizeof bytes.data, 0) != sizeof bytes.data) return io_error("write", path, errno);
  if (::fsync(file->fd()) != 0) return io_error("sync", path, errno);
  return {};
}

Result<Witness> Witness::open(const std::filesystem::path& path, std::string_view store_id, bool read_only) {
  auto file = open_file(path, read_only ? O_RDONLY : O_RDWR);
  if (!file) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return doubtful(path, "is missing");
    return std::move(file).error();
  }
  WitnessBytes bytes{};
  if (::pread(file->fd(), bytes.data, sizeof bytes.data, 0) != sizeof bytes.data) return doubtful(path, "is cut short");
  std::uint64_t commits = 0, half_id = 0;
  std::memcpy(&commits, bytes.data, 8);
  std::memcpy(&half_id, bytes.data + 8, 8);
  if (std::memcmp(bytes.data, encode(commits, half_id).data, sizeof bytes.data) != 0) return doubtful(path, "fails its checksum");
  if (half_id != half(store_id)) return doubtful(path, "belongs to another store");
  return Witness(std::move(*file), half_id, commits);
}

void Witness::raise(std::uint64_t commits) {
  const WitnessBytes bytes = encode(commits, half_id_);
  if (::pwrite(file_.fd(), bytes.data, sizeof bytes.data, 0) == sizeof bytes.data) commits_ = commits;
}

}  // namespace ackwire::store
