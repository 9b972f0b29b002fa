// The marker file `ackwire.store`: says that this directory is a store, which one, and in which format. Written last when a store
// is made, never changed. With it, a missing or emptied data file is seen instead of being taken for a new store.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "ackwire/error.hpp"

namespace ackwire::store {

inline constexpr std::uint32_t store_format = 1;
inline constexpr const char* marker_name = "ackwire.store";

struct Identity {
  std::string id;  // 16 bytes
  std::uint32_t format = store_format;
  std::uint32_t page_bytes = 0;
};

/// Errors: store_invalid (damaged), store_version, store_unsafe, io.
Result<Identity> read_identity(const std::filesystem::path& marker);
Status write_identity(const std::filesystem::path& marker, const Identity& identity);

}  // namespace ackwire::store
