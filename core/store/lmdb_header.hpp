// Looks at the data file before LMDB maps it: LMDB takes an empty file for a new store, and dies by SIGBUS in one that is cut.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ackwire/error.hpp"

namespace ackwire::store {

inline constexpr const char* data_name = "data.mdb";

/// Where a meta page has its transaction number.
inline constexpr std::size_t commit_number_offset = 144;

struct DataHeader {
  std::uint32_t page_bytes = 0;
  std::uint64_t commits = 0;    // transaction number of the newest meta page
  std::uint64_t last_page = 0;  // the highest page number in use
};

/// Errors: store_emptied (missing or 0 bytes), store_invalid naming the offset, store_unsafe, io. Changes nothing.
Result<DataHeader> check_data_file(const std::filesystem::path& path);

}  // namespace ackwire::store
