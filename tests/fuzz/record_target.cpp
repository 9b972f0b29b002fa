// Any bytes as what a store holds: records, a block, a publish answer. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/limits.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "format/utf8.hpp"
#include "fuzz/require.hpp"

namespace {

using namespace ackwire;

void look_at_record(const format::Record& record) {
  auto status = format::check(record, limits::message_bytes);
  (void)format::checksum_ok(record);
  if (!status.ok()) return;
  // What is accepted can be encoded again from what was read, and keeps its content.
  auto headers = format::decode_headers(record.headers, record.header_count);
  Message message{.body = record.body, .idempotency_key = record.key, .ordering_key = record.ordering_key, .headers = headers};
  std::string again;
  FUZZ_REQUIRE(format::encode(message, Timestamp{}, again).ok());
  std::string_view rest(again);
  format::Record read;
  FUZZ_REQUIRE(format::split(rest, read) && rest.empty());
  FUZZ_REQUIRE(format::checksum_ok(read));
  FUZZ_REQUIRE(read.body == record.body && read.key == record.key && read.ordering_key == record.ordering_key);
  FUZZ_REQUIRE(read.headers == record.headers);
}

void look_at_records(std::string_view bytes) {
  format::Record record;
  while (!bytes.empty() && format::split(bytes, record)) look_at_record(record);
  if (!bytes.empty()) FUZZ_REQUIRE(!format::fault(bytes).message.empty());
}

void look_at_block(std::string_view bytes) {
  format::Run run;
  while (!bytes.empty()) {
    auto whole = bytes;
    if (!format::split_run(bytes, run)) return;
    look_at_records(run.records);
    std::string again;
    format::append_run(again, run);
    FUZZ_REQUIRE(again.size() == whole.size() - bytes.size());
  }
}

void look_at_confirm(std::string_view bytes) {
  const std::size_t counted = format::count_batches(bytes);
  std::size_t batches = 0;
  format::ConfirmEntry entry;
  while (!bytes.empty() && format::split_confirm(bytes, entry)) batches += entry.batches;
  if (bytes.empty()) FUZZ_REQUIRE(counted == batches);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: look_at_records(bytes); break;
    case 1: look_at_block(bytes); break;
    case 2: look_at_confirm(bytes); break;
    default:
      if (format::is_utf8(bytes)) FUZZ_REQUIRE(format::is_utf8(format::cut_utf8(bytes, bytes.size() / 2)));
  }
  return 0;
}
