// The store of format 1 that is kept in tests/fixtures/format1, unpacked into a directory.
#pragma once

#include <libdeflate.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace ackwire::test {

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string gunzip(const std::string& packed) {
  std::string out(16u << 20, '\0');
  std::size_t size = 0;
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  const auto result = libdeflate_gzip_decompress(decompressor, packed.data(), packed.size(), out.data(), out.size(), &size);
  libdeflate_free_decompressor(decompressor);
  if (result != LIBDEFLATE_SUCCESS) throw std::runtime_error("the fixture cannot be unpacked");
  out.resize(size);
  return out;
}

inline std::filesystem::path format1_fixture() { return std::filesystem::path(ACKWIRE_SOURCE_DIR) / "tests/fixtures/format1"; }

/// Makes `directory` that store.
inline void unpack_format1(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  fs::create_directory(directory);
  fs::permissions(directory, fs::perms::owner_all);
  for (const char* name : {"data.mdb", "ackwire.store", "witness"}) {
    const fs::path to = directory / name;
    std::ofstream(to, std::ios::binary) << gunzip(read_whole(format1_fixture() / (std::string(name) + ".gz")));
    fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write);
  }
}

/// What is in it: see make_store.py beside it.
inline nlohmann::json format1_manifest() { return nlohmann::json::parse(read_whole(format1_fixture() / "manifest.json")); }

}  // namespace ackwire::test
