#include "format/confirm.hpp"

#include <algorithm>
#include <limits>

#include "ackwire/limits.hpp"
#include "format/bytes.hpp"
#include "format/utf8.hpp"

namespace ackwire::format {
namespace {

enum Kind : std::uint8_t { kind_stored = 0, kind_receipts = 1, kind_refused = 2 };

constexpr std::size_t stored_bytes = 1 + 4 + 4 + 8;
constexpr std::size_t receipts_head_bytes = 1 + 4;
constexpr std::size_t receipt_bytes = 8 + 1;
constexpr std::size_t refused_head_bytes = 1 + 2 + 4 + 4 + 2;
constexpr std::uint32_t no_index = std::numeric_limits<std::uint32_t>::max();

bool split_stored(std::string_view& bytes, ConfirmEntry& entry) {
  if (bytes.size() < stored_bytes) return false;
  entry.batches = load<std::uint32_t>(bytes.data() + 1);
  entry.messages = load<std::uint32_t>(bytes.data() + 5);
  entry.first_sequence = load<std::uint64_t>(bytes.data() + 9);
  if (entry.batches == 0 || entry.messages < entry.batches) return false;
  bytes.remove_prefix(stored_bytes);
  return true;
}

bool split_receipts(std::string_view& bytes, ConfirmEntry& entry) {
  if (bytes.size() < receipts_head_bytes) return false;
  entry.messages = load<std::uint32_t>(bytes.data() + 1);
  if (entry.messages == 0 || entry.messages > (bytes.size() - receipts_head_bytes) / receipt_bytes) return false;
  entry.receipts.reserve(entry.messages);
  const char* at = bytes.data() + receipts_head_bytes;
  for (std::uint32_t i = 0; i < entry.messages; ++i, at += receipt_bytes) {
    const auto duplicate = load<std::uint8_t>(at + 8);
    if (duplicate > 2) return false;
    entry.receipts.push_back({load<std::uint64_t>(at), duplicate != 0, duplicate == 2});
  }
  entry.first_sequence = entry.receipts.front().sequence;
  bytes.remove_prefix(receipts_head_bytes + entry.messages * receipt_bytes);
  return true;
}

bool split_refused(std::string_view& bytes, ConfirmEntry& entry) {
  if (bytes.size() < refused_head_bytes) return false;
  const char* at = bytes.data();
  const std::size_t text_bytes = load<std::uint16_t>(at + 11);
  if (text_bytes > bytes.size() - refused_head_bytes) return false;
  entry.error.code = static_cast<Errc>(load<std::uint16_t>(at + 1));
  if (entry.error.code == Errc::ok) return false;
  entry.error.retry_after = std::chrono::milliseconds{load<std::uint32_t>(at + 3)};
  if (const auto index = load<std::uint32_t>(at + 7); index != no_index) entry.error.index = index;
  entry.error.message.assign(at + refused_head_bytes, text_bytes);
  bytes.remove_prefix(refused_head_bytes + text_bytes);
  return true;
}

}  // namespace

void ConfirmWriter::stored(std::uint64_t first_sequence, std::uint32_t messages) {
  if (batches_ != 0 && first_sequence_ + messages_ != first_sequence) flush();
  if (batches_ == 0) first_sequence_ = first_sequence;
  ++batches_;
  messages_ += messages;
}

void ConfirmWriter::receipts(const std::vector<Receipt>& receipts) {
  flush();
  append<std::uint8_t>(out_, kind_receipts);
  append<std::uint32_t>(out_, static_cast<std::uint32_t>(receipts.size()));
  for (const Receipt& receipt : receipts) {
    append<std::uint64_t>(out_, receipt.sequence);
    append<std::uint8_t>(out_, receipt.differs ? 2 : receipt.duplicate ? 1 : 0);
  }
}

void ConfirmWriter::refused(const Error& error) {
  flush();
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  const std::string mended = is_utf8(error.message) ? std::string() : mend_utf8(error.message);
  const std::string_view text = cut_utf8(mended.empty() ? error.message : mended, limits::error_text_bytes);
  append<std::uint8_t>(out_, kind_refused);
  append<std::uint16_t>(out_, static_cast<std::uint16_t>(error.code));
  append<std::uint32_t>(out_, static_cast<std::uint32_t>(std::clamp<std::int64_t>(error.retry_after.count(), 0, most)));
  append<std::uint32_t>(out_, error.index ? static_cast<std::uint32_t>(*error.index) : no_index);
  append<std::uint16_t>(out_, static_cast<std::uint16_t>(text.size()));
  out_.append(text);
}

std::string ConfirmWriter::take() {
  flush();
  return std::exchange(out_, {});
}

void ConfirmWriter::flush() {
  if (batches_ == 0) return;
  append<std::uint8_t>(out_, kind_stored);
  append<std::uint32_t>(out_, batches_);
  append<std::uint32_t>(out_, messages_);
  append<std::uint64_t>(out_, first_sequence_);
  batches_ = messages_ = 0;
}

std::size_t count_batches(std::string_view entries) {
  std::size_t batches = 0;
  while (!entries.empty()) {
    std::size_t size = entries.size() + 1;
    std::size_t stands_for = 1;
    const auto kind = load<std::uint8_t>(entries.data());
    if (kind == kind_stored && entries.size() >= stored_bytes) {
      size = stored_bytes;
      stands_for = load<std::uint32_t>(entries.data() + 1);
    } else if (kind == kind_receipts && entries.size() >= receipts_head_bytes) {
      size = receipts_head_bytes + receipt_bytes * load<std::uint32_t>(entries.data() + 1);
    } else if (kind == kind_refused && entries.size() >= refused_head_bytes) {
      size = refused_head_bytes + load<std::uint16_t>(entries.data() + 11);
    }
    if (size > entries.size()) return batches;
    entries.remove_prefix(size);
    batches += stands_for;
  }
  return batches;
}

bool split_confirm(std::string_view& bytes, ConfirmEntry& entry) {
  if (bytes.empty()) return false;
  entry.kind = load<std::uint8_t>(bytes.data());
  entry.batches = 1;
  entry.messages = 0;
  entry.first_sequence = 0;
  entry.receipts.clear();
  entry.error = Error{Errc::ok, {}};
  switch (entry.kind) {
    case kind_stored: return split_stored(bytes, entry);
    case kind_receipts: return split_receipts(bytes, entry);
    case kind_refused: return split_refused(bytes, entry);
    default: return false;
  }
}

}  // namespace ackwire::format
