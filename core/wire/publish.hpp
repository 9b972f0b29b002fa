// Frames of the producer's side: publish and confirm.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "model/command.hpp"
#include "wire/frame.hpp"

namespace ackwire::wire {

inline constexpr std::size_t batch_head_bytes = 8;
/// Batches of one publish frame. Each may be refused with a text, and the answer to the frame must fit a frame.
inline constexpr std::size_t frame_batches = 8'000;

/// Appends all of a publish frame but its batches, of which `batches` follow: each a batch head and its records.
void encode_publish_head(std::string& out, std::uint64_t producer_sequence, std::uint64_t first_unconfirmed, std::string_view queue,
                         std::uint32_t batches, std::uint32_t request = 0);
/// Bytes of that head.
constexpr std::size_t publish_head_bytes(std::string_view queue) { return frame_head_bytes + 8 + 8 + 1 + queue.size() + 4; }
/// Appends the head of one atomic batch: `count` records of `bytes` bytes in all follow.
void append_batch_head(std::string& out, std::uint32_t count, std::uint32_t bytes);
/// Writes it over the 8 bytes at `to`, for a batch that has grown.
void write_batch_head(char* to, std::uint32_t count, std::uint32_t bytes);
/// The whole frame in one call. `publish.producer` does not travel: the session has said it.
void encode(std::string& out, const model::Publish& publish, std::uint32_t request = 0);
/// Views into `payload`; the vector of `publish` is used again. Does not look into the records: the engine splits and checks
/// them. Errors: bad_length (also for a frame without batches, a batch without records, more records than bytes can hold),
/// too_large (frame_batches), invalid_argument (a number 0, first_unconfirmed above the own number).
Status decode_publish(std::string_view payload, model::Publish& publish);

struct ConfirmView {
  std::uint64_t producer_sequence = 0;  // of the first batch of the frame that is answered
  std::string_view queue;
  std::string_view entries;  // as in format/confirm.hpp
};
/// Appends all of a confirm frame but its entries.
void encode_confirm_head(std::string& out, std::uint64_t producer_sequence, std::string_view queue);
/// Does not look into the entries.
Result<ConfirmView> decode_confirm(std::string_view payload);

}  // namespace ackwire::wire
