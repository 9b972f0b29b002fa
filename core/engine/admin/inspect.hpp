// Records made readable for people: shared by peek and the DLQ.
#pragma once

#include <string>

#include "format/record.hpp"

namespace ackwire::engine {

/// Copies key, ordering key, headers and at most `body_bytes` of the body into a PeekedMessage or DeadLetter. A record that cannot
/// be split is shown raw, as the body; so is one that fails its checksum, which is looked at when the whole body is shown: of a
/// long one no more is read than is asked for.
template <class Out>
void show_record(std::string_view bytes, std::uint64_t body_bytes, Out& out) {
  format::Record record;
  std::string_view rest = bytes;
  const bool split = format::split(rest, record) && rest.empty();
  if (!split || (record.body.size() <= body_bytes && !format::checksum_ok(record))) {
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

/// About how many bytes a PeekedMessage or DeadLetter has in an answer.
template <class Message>
std::size_t shown_bytes(const Message& message) {
  constexpr std::size_t frame_bytes = 300, pair_bytes = 16;
  std::size_t bytes = frame_bytes + message.idempotency_key.size() + message.ordering_key.size();
  for (const auto& [name, value] : message.headers) bytes += name.size() + value.size() + pair_bytes;
  if constexpr (requires { message.errors; }) {
    bytes += message.detail.size();
    for (const auto& error : message.errors) bytes += error.text.size() + pair_bytes;
  }
  return bytes + message.body.size() / 3 * 4;
}

}  // namespace ackwire::engine
