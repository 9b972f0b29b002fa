// The file format of LMDB 0.9 (data version 1), as far as it is needed here; integers are native (little-endian).
//
//   page = number:u64 pad:u16 flags:u16 { lower:u16 upper:u16 | overflow_pages:u32 } ...
//   meta = page magic:u32 version:u32 address:u64 map_bytes:u64 free:tree main:tree last_page:u64 commits:u64
//   tree = page_bytes:u32 flags:u16 depth:u16 branch:u64 leaf:u64 overflow:u64 entries:u64 root:u64
//   leaf = page { offset:u16 } ... nodes from the end;  node = size_low:u16 size_high:u16 flags:u16 key_bytes:u16 key data
#include "store/lmdb_header.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <vector>

#include "store/file.hpp"

namespace ackwire::store {
namespace {

constexpr std::uint16_t page_branch = 1, page_leaf = 2, page_overflow = 4, page_meta = 8;
constexpr std::uint16_t node_is_big = 1;
constexpr std::size_t page_header_bytes = 16, node_header_bytes = 8;
constexpr std::size_t meta_bytes = page_header_bytes + 24 + 2 * 48 + 16;
constexpr std::uint64_t no_page = ~0ull;

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  T value{};
  if (offset + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Meta {
  DataHeader header;
  std::uint64_t free_root = no_page;
};

class DataFile {
 public:
  DataFile(File file, std::filesystem::path path, std::uint64_t bytes)
      : file_(std::move(file)), path_(std::move(path)), bytes_(bytes) {}

  Error invalid(std::uint64_t offset, const std::string& what) const {
    return {Errc::store_invalid, path_.string() + " is not a sound store file: " + what + " (offset " + std::to_string(offset) +
                                     "). It was not changed. Look at it with verify, or put a backup in its place."};
  }

  Result<Meta> newest_meta() const {
    Meta newest;
    for (std::uint64_t index = 0, offset = 0; index < 2; ++index, offset = newest.header.page_bytes) {
      auto meta = read_meta(offset);
      if (!meta) return std::move(meta).error();
      if (index == 1 && meta->header.page_bytes != newest.header.page_bytes) return invalid(offset, "its two meta pages disagree");
      if (index == 0 || meta->header.commits > newest.header.commits) newest = *meta;
    }
    return newest;
  }

  /// A page that was taken and given back within one transaction is never written: the file may end before `last_page`, when
  /// everything behind its end is free. Anything else that is missing was cut off.
  Status check_length(const Meta& meta) const {
    const std::uint64_t page_bytes = meta.header.page_bytes;
    if (bytes_ / page_bytes > meta.header.last_page) return {};
    const std::uint64_t first_missing = bytes_ / page_bytes;
    const std::uint64_t missing = meta.header.last_page + 1 - first_missing;
    std::set<std::uint64_t> free;
    if (missing <= max_missing_pages && meta.free_root != no_page &&
        collect_free(meta.free_root, page_bytes, first_missing, 0, free) && free.size() == missing) {
      return {};
    }
    return invalid(bytes_, "it is cut short: it has " + std::to_string(bytes_) + " bytes, its newest commit needs " +
                               std::to_string((meta.header.last_page + 1) * page_bytes));
  }

 private:
  static constexpr std::uint64_t max_missing_pages = 1 << 20;

  std::string read(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t got = ::pread(file_.fd(), bytes.data(), size, static_cast<off_t>(offset));
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

  Result<Meta> read_meta(std::uint64_t offset) const {
    const std::string page = read(offset, meta_bytes);
    if (page.size() != meta_bytes) return invalid(offset, "a meta page is cut short");
    if ((at<std::uint16_t>(page, 10) & page_meta) == 0) return invalid(offset + 10, "a meta page is not marked as one");
    if (at<std::uint32_t>(page, 16) != 0xbeefc0deu) return invalid(offset + 16, "wrong magic number");
    if (at<std::uint32_t>(page, 20) != 1) return invalid(offset + 20, "unknown LMDB data version");
    Meta meta;
    meta.header.page_bytes = at<std::uint32_t>(page, 40);
    meta.free_root = at<std::uint64_t>(page, 40 + 40);
    meta.header.last_page = at<std::uint64_t>(page, 40 + 96);
    meta.header.commits = at<std::uint64_t>(page, commit_number_offset);
    const std::uint32_t size = meta.header.page_bytes;
    if (size < 512 || size > 65'536 || (size & (size - 1)) != 0) return invalid(offset + 40, "impossible page size");
    if (meta.header.last_page < 1 || meta.header.last_page > (1ull << 48)) return invalid(offset + 136, "impossible last page");
    return meta;
  }

  /// Gathers the free pages from `from` on out of the free tree. False when the tree itself is not whole.
  bool collect_free(std::uint64_t number, std::uint64_t page_bytes, std::uint64_t from, int depth,
                    std::set<std::uint64_t>& free) const {
    if (depth > 16 || number >= from) return false;
    const std::string page = read(number * page_bytes, page_bytes);
    if (page.size() != page_bytes || at<std::uint64_t>(page, 0) != number) return false;
    const std::uint16_t flags = at<std::uint16_t>(page, 10), lower = at<std::uint16_t>(page, 12);
    if (lower < page_header_bytes || lower > page_bytes) return false;
    for (std::size_t slot = page_header_bytes; slot + 2 <= lower; slot += 2) {
      const std::size_t node = at<std::uint16_t>(page, slot);
      if (node + node_header_bytes > page.size()) return false;
      const auto low = at<std::uint16_t>(page, node), high = at<std::uint16_t>(page, node + 2),
                 third = at<std::uint16_t>(page, node + 4);
      if ((flags & page_branch) != 0) {
        const std::uint64_t child = low | std::uint64_t{high} << 16 | std::uint64_t{third} << 32;
        if (!collect_free(child, page_bytes, from, depth + 1, free)) return false;
      } else if ((flags & page_leaf) == 0) {
        return false;
      } else if (!collect_list(page, node, low | std::uint64_t{high} << 16, third, page_bytes, from, free)) {
        return false;
      }
    }
    return true;
  }

  bool collect_list(const std::string& page, std::size_t node, std::uint64_t size, std::uint16_t flags, std::uint64_t page_bytes,
                    std::uint64_t from, std::set<std::uint64_t>& free) const {
    const std::size_t data = node + node_header_bytes + at<std::uint16_t>(page, node + 6);
    std::string list;
    if ((flags & node_is_big) != 0) {
      const auto first = at<std::uint64_t>(page, data);
      if (first >= from || size > (max_missing_pages + 1) * 64) return false;
      const std::string bytes = read(first * page_bytes, page_header_bytes + size);
      if (bytes.size() != page_header_bytes + size || (at<std::uint16_t>(bytes, 10) & page_overflow) == 0) return false;
      list = bytes.substr(page_header_bytes);
    } else {
      if (data + size > page.size()) return false;
      list = page.substr(data, size);
    }
    const auto count = at<std::uint64_t>(list, 0);
    if (count > list.size() / 8) return false;
    for (std::uint64_t i = 1; i <= count; ++i) {
      const auto number = at<std::uint64_t>(list, i * 8);
      if (number >= from) free.insert(number);
    }
    return true;
  }

  File file_;
  std::filesystem::path path_;
  std::uint64_t bytes_;
};

}  // namespace

Result<DataHeader> check_data_file(const std::filesystem::path& path) {
  auto file = open_file(path, O_RDONLY);
  struct stat status {};
  if (!file) {
    if (::lstat(path.c_str(), &status) == 0 || errno != ENOENT) return std::move(file).error();
  } else if (::fstat(file->fd(), &status) != 0) {
    return io_error("look at", path, errno);
  }
  if (!file || status.st_size == 0) {
    return Error{Errc::store_emptied,
                 path.string() + (file ? " is empty" : " is missing") +
                     " although this directory holds a store. Nothing was made in its place. Put the file or a backup "
                     "back; to begin with an empty store, use another directory."};
  }
  const DataFile data(std::move(*file), path, static_cast<std::uint64_t>(status.st_size));
  auto meta = data.newest_meta();
  if (!meta) return std::move(meta).error();
  if (Status whole = data.check_length(*meta); !whole) return std::move(whole).error();
  return meta->header;
}

}  // namespace ackwire::store
