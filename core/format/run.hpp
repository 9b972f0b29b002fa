// A run: records of consecutive sequences under one header. A stored block is a run, and a delivery frame is a list of runs.
//
//   run = first_sequence:u64 publish_time:u64 count:u32 record_bytes:u32 delivery:u32 attempts:u32
//         codec:u16 key_id:u16 header_crc:u32  records
//
// 40 bytes of header, little-endian. `delivery` and `attempts` are 0 in a stored block. codec and key_id are 0 (room for compressed
// and sealed blocks). header_crc is CRC-32 over the 36 bytes before it. The values are permanent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ackwire::format {

inline constexpr std::size_t run_header_bytes = 40;
/// A run that is stored, header included, so that an LMDB value of it fills whole pages (16 pages of 4096 less the page header
/// and one byte that says whether the value is kept in parts).
inline constexpr std::size_t block_bytes = 64 * 1024 - 16 - 1;

struct Run {
  std::uint64_t first_sequence = 0;
  std::uint64_t publish_time = 0;  // ms since the epoch
  std::uint32_t count = 0;
  std::uint32_t delivery = 0;
  std::uint32_t attempts = 0;
  std::string_view records;
};

/// Appends header and records.
void append_run(std::string& out, const Run& run);
/// Writes the 40 header bytes of `run` (records counted by size) to `out`.
void write_run_header(char* out, const Run& run);
/// Splits the first run off `bytes`. False when it is cut short or its header fails the checksum.
bool split_run(std::string_view& bytes, Run& run);

}  // namespace ackwire::format
