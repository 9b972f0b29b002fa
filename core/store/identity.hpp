// The marker file `ackwire.store`: says that this directory is a store, which one, and in which format. Written last when a store
// is made, and anew only when the store is raised to a newer format. With it, a missing or emptied data file is seen instead of
// being taken for a new store, and a store of a newer program is known before anything else is opened.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ackwire/error.hpp"
#include "store/named_version.hpp"

namespace ackwire::store {

/// What this program writes; it reads every one from 1 on. Raised when a program of the format before could not use the store.
inline constexpr std::uint32_t store_format = 2;
inline constexpr const char* marker_name = "ackwire.store";

/// Something that a program must know to use the store; its name is lower case.
using Need = NamedVersion;

struct Identity {
  std::string id;  // 16 bytes
  std::uint32_t format = store_format;
  std::uint32_t page_bytes = 0;
  std::vector<Need> needs{};  // from format 2 on
  std::string kept{};         // members that this version does not know
};

/// Errors: store_invalid (damaged), store_version (a newer format, or something that this program does not know), store_unsafe, io.
Result<Identity> read_identity(const std::filesystem::path& marker);
Status write_identity(const std::filesystem::path& marker, const Identity& identity);

}  // namespace ackwire::store
