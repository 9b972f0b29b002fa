// One record: a message as it is encoded by the producer, stored by the broker and read by the consumer, never re-encoded.
//
//   record  = length:u32 crc:u32 covered            all integers little-endian
//   covered = attributes:u8 key_bytes:u8 ordering_key_bytes:u8 header_count:u8 header_bytes:u32
//             [deliver_at:u64] [expires_at:u64] key ordering_key headers body
//   headers = header_count * (name_bytes:u8 value_bytes:u16 name value)
//
// `length` counts `covered`; `crc` is CRC-32 (IEEE 802.3, the one of zlib) over `covered`. Times are milliseconds since the Unix
// epoch in broker time. The values are permanent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire::format {

inline constexpr std::size_t record_header_bytes = 16;
enum Attribute : std::uint8_t {
  has_deliver_at = 1,
  has_expires_at = 2,
  // 4..128 are spare; a record with an unknown bit is refused.
};

/// Views into the record's bytes.
struct Record {
  std::string_view bytes;  // the whole record, length and crc included
  std::uint8_t attributes = 0;
  std::uint8_t header_count = 0;
  std::uint64_t deliver_at = 0;  // 0 = none
  std::uint64_t expires_at = 0;  // 0 = none
  std::string_view key, ordering_key, headers, body;
};

/// Splits the first record off `bytes`. False when it is cut short or inconsistent. Does not look at the checksum.
bool split(std::string_view& bytes, Record& record);
/// Why split() refused the front of `bytes`: bad_length, bad_checksum or invalid_argument (an unknown attribute).
Error fault(std::string_view bytes);
bool checksum_ok(const Record& record);
/// The refusal of a record that is not checksum_ok().
Error damaged_on_the_way();
/// Every rule of limits.hpp and of names inside one record: unique header names, UTF-8 names, no NUL in values, body size.
Status check(const Record& record, std::uint32_t max_message_bytes);
/// Appends the record of `message`. `now` is broker time. Errors: those of check(), out_of_range for delay and ttl.
Status encode(const Message& message, Timestamp now, std::string& out);
/// Moves the times of a whole record by `by`, and makes its checksum anew.
void shift_times(char* record, Duration by);
/// Decodes headers; `count` of them in `bytes`, which must have passed check().
std::vector<Header> decode_headers(std::string_view bytes, std::uint32_t count);
/// CRC-32 (IEEE).
std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace ackwire::format
