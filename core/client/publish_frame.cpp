#include "client/publish_frame.hpp"

#include "client/publisher.hpp"
#include "client/refusals.hpp"
#include "format/bytes.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "wire/publish.hpp"

namespace ackwire::client {
namespace {

/// Batches stored in a row share one entry: their sequences follow each other.
bool spread(PublishFrame& frame, std::size_t& at, const format::ConfirmEntry& entry) {
  std::uint64_t sequence = entry.first_sequence;
  std::uint64_t messages = 0;
  for (std::uint32_t i = 0; i < entry.batches; ++i) {
    if (at == frame.batches.size()) return false;
    PublishedBatch& batch = frame.batches[at++];
    batch.first_sequence = sequence;
    sequence += batch.messages;
    messages += batch.messages;
  }
  return messages == entry.messages;
}

bool take_entry(PublishFrame& frame, std::size_t& at, format::ConfirmEntry& entry) {
  if (entry.kind == 0) return spread(frame, at, entry);
  if (at == frame.batches.size()) return false;
  PublishedBatch& batch = frame.batches[at];
  if (entry.kind == 1) {
    if (entry.receipts.size() != batch.messages) return false;
    batch.receipts = static_cast<std::int32_t>(frame.receipts.size());
    frame.receipts.push_back(std::move(entry.receipts));
  } else {
    batch.error = static_cast<std::int32_t>(frame.errors.size());
    frame.errors.push_back(std::move(entry.error));
  }
  ++at;
  return true;
}

}  // namespace

bool PublishFrame::answer(std::string_view entries) {
  std::size_t at = 0;
  while (!entries.empty()) {
    const std::size_t before = at;
    format::ConfirmEntry entry;
    if (!format::split_confirm(entries, entry) || !take_entry(*this, at, entry)) {
      at = before;
      break;
    }
  }
  if (at == batches.size() && entries.empty()) return true;
  refuse_rest(at, {Errc::indeterminate,
                   "The broker's answer to a publish does not fit what was sent; whether these messages were stored is not known. "
                   "Use the same library version on both sides, and publish again with idempotency keys."});
  return false;
}

void PublishFrame::shift_times(Duration by) {
  char* const begin = bytes.data() + wire::publish_head_bytes(lane->queue);
  for (char* at = begin; at < bytes.data() + bytes.size();) {
    const std::size_t size = format::load<std::uint32_t>(at + 4);
    std::string_view rest(at + wire::batch_head_bytes, size);
    format::Record record;
    while (format::split(rest, record)) {
      if (record.attributes != 0) format::shift_times(begin + (record.bytes.data() - begin), by);
    }
    at += wire::batch_head_bytes + size;
  }
}

void PublishFrame::refuse_rest(std::size_t from, const Error& error) {
  if (from == batches.size()) return;
  const auto index = static_cast<std::int32_t>(errors.size());
  errors.push_back(error);
  for (; from < batches.size(); ++from) {
    batches[from].receipts = -1;
    batches[from].error = index;
  }
}

bool PublishedBatch::done() const { return frame.done.load(std::memory_order_acquire); }

Result<std::vector<Receipt>> PublishedBatch::wait(const Wait& wait) {
  if (!done()) {
    if (frame.gate->forked()) return forked_error();
    if (inside_callback()) return reentrant_error();
    std::unique_lock lock(frame.gate->mutex);
    if (!wait.on(frame.gate->published, lock, [&] { return frame.done.load(std::memory_order_relaxed); })) {
      const Clock::time_point now = Clock::now();
      return timeout_error("A publish", std::chrono::duration_cast<Duration>(now - since), frame.gate->reach.describe(now),
                           "Its outcome is not known yet; wait again, the library keeps at it.");
    }
  }
  told = true;
  if (error >= 0) return frame.errors[static_cast<std::size_t>(error)];
  if (receipts >= 0) return frame.receipts[static_cast<std::size_t>(receipts)];
  std::vector<Receipt> made(messages);
  for (std::uint32_t i = 0; i < messages; ++i) made[i].sequence = first_sequence + i;
  return made;
}

}  // namespace ackwire::client
