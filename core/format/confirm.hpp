// The answer to a publish frame, kept in the store until the producer says that it has it, so that a repeated frame gets the
// same answer again.
//
//   confirm = { entry }
//   entry   = 0:u8 batches:u32 messages:u32 first_sequence:u64          batches stored in a row, no duplicates
//           | 1:u8 messages:u32 { sequence:u64 duplicate:u8 }           one batch, receipt by receipt (duplicate: 0 no, 1 yes,
//                                                                       2 yes, of a message with other headers and the like)
//           | 2:u8 code:u16 retry_after_ms:u32 index:u32 text_bytes:u16 text   one batch, refused (index 2^32-1 = none)
//
// Entries are in the order of the frame's batches. Little-endian. The values are permanent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire::format {

class ConfirmWriter {
 public:
  /// Merges with the entry before when that is stored too and ends just before `first_sequence`.
  void stored(std::uint64_t first_sequence, std::uint32_t messages);
  void receipts(const std::vector<Receipt>& receipts);
  void refused(const Error& error);
  std::string take();

 private:
  void flush();
  std::string out_;
  std::uint32_t batches_ = 0, messages_ = 0;
  std::uint64_t first_sequence_ = 0;
};

struct ConfirmEntry {
  std::uint8_t kind = 0;
  std::uint32_t batches = 1, messages = 0;
  std::uint64_t first_sequence = 0;
  std::vector<Receipt> receipts;  // kind 1
  Error error;                    // kind 2
};
/// Batches that the entries stand for, up to the first damage.
std::size_t count_batches(std::string_view entries);
/// Splits the first entry off. False when damaged.
bool split_confirm(std::string_view& bytes, ConfirmEntry& entry);

}  // namespace ackwire::format
