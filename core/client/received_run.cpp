#include "client/received_run.hpp"

#include "backend/delivery.hpp"
#include "format/bytes.hpp"
#include "format/record.hpp"

namespace ackwire::client {
namespace {

constexpr std::size_t length_and_crc_bytes = 8;

DeliveryParts parts_of(const ReceivedRun& from, std::uint64_t sequence, const format::Record& record) {
  return {.owner = from.owner,
          .token = {from.boot_epoch, sequence, from.run.delivery},
          .attempts = from.run.attempts,
          .publish_time = Timestamp{Duration{static_cast<std::int64_t>(from.run.publish_time)}},
          .body = record.body,
          .idempotency_key = record.key,
          .ordering_key = record.ordering_key,
          .headers = record.headers,
          .header_count = record.header_count};
}

/// Bytes of the first `messages` records; npos when a length reaches beyond the end.
std::size_t bytes_of(std::string_view records, std::uint32_t messages) {
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < messages; ++i) {
    if (records.size() - at < length_and_crc_bytes) return std::string_view::npos;
    const std::size_t record = length_and_crc_bytes + format::load<std::uint32_t>(records.data() + at);
    if (records.size() - at < record) return std::string_view::npos;
    at += record;
  }
  return at;
}

}  // namespace

ReceivedRun ReceivedRun::cut(std::uint32_t messages) {
  ReceivedRun first = *this;
  const std::size_t bytes = bytes_of(run.records, messages);
  if (bytes == std::string_view::npos) {
    run.count = 0;
    run.records = {};
    return first;
  }
  first.run.count = messages;
  first.run.records = run.records.substr(0, bytes);
  run.first_sequence += messages;
  run.count -= messages;
  run.records.remove_prefix(bytes);
  return first;
}

void make_deliveries(const ReceivedRun& from, std::vector<Delivery>& out, RangeList& damaged) {
  std::string_view records = from.run.records;
  for (std::uint32_t i = 0; i < from.run.count; ++i) {
    const std::uint64_t sequence = from.run.first_sequence + i;
    format::Record record;
    if (!format::split(records, record)) {
      damaged.add(sequence, from.run.count - i, from.run.delivery);
      return;
    }
    if (!format::checksum_ok(record)) {
      damaged.add(sequence, from.run.delivery);
      continue;
    }
    DeliveryMaker::make(parts_of(from, sequence, record), out.emplace_back());
  }
}

}  // namespace ackwire::client
