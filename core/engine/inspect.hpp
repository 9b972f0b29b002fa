// Records made readable for people: shared by peek and the DLQ.
#pragma once

#include <string>

#include "format/record.hpp"

namespace ackwire::engine {

/// Copies key, ordering key, headers and at most `body_bytes` of the body into a PeekedMessage or DeadLetter. A record that cannot
/// be split or fails its checksum is shown raw, as the body.
template <class Out>
void show_record(std::string_view bytes, std::uint64_t body_bytes, Out& out) {
  format::Record record;
  std::string_view rest = bytes;
  if (!format::split(rest, record) || !format::checksum_ok(record)) {
    out.body.assign(bytes.substr(0, body_bytes));
    out.body_bytes = bytes.size();
    return;
  }
  out.idempotency_key = record.key;
  out.ordering_key = record.ordering_key;
  for (const Header& header : format::decode_headers(record.headers, record.header_count)) {
    out.headers.emplace_back(std::string(header.name), std::string(header.value));
  }
  out.body.assign(record.body.substr(0, body_bytes));
  out.body_bytes = record.body.size();
}

}  // namespace ackwire::engine
