#include "wire/publish.hpp"

#include <limits>

#include "ackwire/limits.hpp"
#include "format/bytes.hpp"
#include "format/record.hpp"

namespace ackwire::wire {
namespace {

constexpr std::size_t refusal_bytes = 13 + limits::error_text_bytes;
static_assert(frame_batches * refusal_bytes + publish_head_bytes("") + limits::name_bytes < limits::frame_bytes);

/// Each batch can hold as many records as it says, at least one.
Status check_batches(const model::Publish& publish) {
  const auto bad = [](std::string what) {
    return Error{Errc::bad_length,
                 std::move(what.append(" Nothing of the frame was stored, and its numbers stay free. Mend the frame."))};
  };
  if (publish.batches.empty()) return bad("A publish frame has no batch; it needs at least one.");
  for (std::size_t i = 0; i < publish.batches.size(); ++i) {
    const model::PublishBatch& batch = publish.batches[i];
    if (batch.count != 0 && batch.count <= batch.records.size() / format::record_header_bytes) continue;
    const std::string which =
        "Batch " + std::to_string(i + 1) + " of " + std::to_string(publish.batches.size()) + " in a publish frame has ";
    if (batch.count == 0) return bad(which + "no record; it needs at least one.");
    return bad(which + std::to_string(batch.count) + " records in " + std::to_string(batch.records.size()) +
               " bytes; a record has at least " + std::to_string(format::record_header_bytes) + ".");
  }
  return {};
}

Status check_numbers(const model::Publish& publish) {
  const auto bad = [](std::string what) {
    return Error{Errc::invalid_argument, std::move(what.append(" Nothing of the frame was stored, and its numbers stay free."))};
  };
  const std::uint64_t first = publish.producer_sequence;
  if (first == 0)
    return bad("A publish frame has producer_sequence 0; a producer's batches are numbered from 1 on for each queue.");
  if (first > std::numeric_limits<std::uint64_t>::max() - publish.batches.size()) {
    return bad("The numbers of a publish frame, from " + std::to_string(first) + ", end beyond 64 bits. Use a new producer_id.");
  }
  if (publish.first_unconfirmed == 0 || publish.first_unconfirmed > first) {
    return bad("A publish frame has first_unconfirmed " + std::to_string(publish.first_unconfirmed) +
               "; it is from 1 to the frame's own producer_sequence, " + std::to_string(first) + ", which has no answer yet.");
  }
  return {};
}

}  // namespace

void encode_publish_head(std::string& out, std::uint64_t producer_sequence, std::uint64_t first_unconfirmed, std::string_view queue,
                         std::uint32_t batches, std::uint32_t request) {
  FrameWriter(out, Operation::publish, request).u64(producer_sequence).u64(first_unconfirmed).str8(queue).u32(batches);
}

void append_batch_head(std::string& out, std::uint32_t count, std::uint32_t bytes) {
  format::append(out, count);
  format::append(out, bytes);
}

void write_batch_head(char* to, std::uint32_t count, std::uint32_t bytes) {
  format::store(to, count);
  format::store(to + 4, bytes);
}

void encode(std::string& out, const model::Publish& publish, std::uint32_t request) {
  std::size_t bytes = publish_head_bytes(publish.queue);
  for (const auto& batch : publish.batches) bytes += batch_head_bytes + batch.records.size();
  out.reserve(out.size() + bytes);
  encode_publish_head(out, publish.producer_sequence, publish.first_unconfirmed, publish.queue,
                      static_cast<std::uint32_t>(publish.batches.size()), request);
  for (const auto& batch : publish.batches) {
    append_batch_head(out, batch.count, static_cast<std::uint32_t>(batch.records.size()));
    out.append(batch.records);
  }
}

Status decode_publish(std::string_view payload, model::Publish& publish) {
  FrameReader reader(payload);
  publish.producer_sequence = reader.u64();
  publish.first_unconfirmed = reader.u64();
  publish.queue = reader.str8();
  const std::uint32_t batches = reader.count_of(batch_head_bytes);
  publish.batches.clear();
  if (batches > frame_batches) {
    return Error{Errc::too_large, "A publish frame has " + std::to_string(batches) + " batches, at most " +
                                      std::to_string(frame_batches) +
                                      " are allowed. Nothing of it was stored, and its numbers stay "
                                      "free. Split it."};
  }
  publish.batches.reserve(batches);
  for (std::uint32_t i = 0; i < batches && !reader.failed(); ++i) {
    model::PublishBatch batch;
    batch.count = reader.u32();
    batch.records = reader.bytes(reader.u32());
    publish.batches.push_back(batch);
  }
  if (Status status = reader.finish(); !status) return status;
  if (Status status = check_batches(publish); !status) return status;
  return check_numbers(publish);
}

void encode_confirm_head(std::string& out, std::uint64_t producer_sequence, std::string_view queue) {
  FrameWriter(out, Operation::confirm, 0).u64(producer_sequence).str8(queue);
}

Result<ConfirmView> decode_confirm(std::string_view payload) {
  FrameReader reader(payload);
  ConfirmView confirm;
  confirm.producer_sequence = reader.u64();
  confirm.queue = reader.str8();
  confirm.entries = reader.rest();
  if (Status status = reader.finish(); !status) return status.error();
  return confirm;
}

}  // namespace ackwire::wire
