#include "format/record.hpp"

#include <libdeflate.h>

#include <array>
#include <string>

#include "ackwire/limits.hpp"
#include "format/bytes.hpp"
#include "format/utf8.hpp"
#include "rules/quote.hpp"

namespace ackwire::format {
namespace {

constexpr std::size_t length_and_crc_bytes = 8;
constexpr std::size_t header_prefix_bytes = 3;  // name_bytes:u8 value_bytes:u16
constexpr std::uint8_t known_attributes = has_deliver_at | has_expires_at;

Error refuse(Errc code, std::string what, std::string_view way_out) {
  return Error{code, std::move(what.append("; nothing was stored. ").append(way_out))};
}

/// Splits the first header off. False when it does not fit.
bool split_header(std::string_view& bytes, Header& header) noexcept {
  if (bytes.size() < header_prefix_bytes) return false;
  const std::size_t name_bytes = load<std::uint8_t>(bytes.data());
  const std::size_t value_bytes = load<std::uint16_t>(bytes.data() + 1);
  if (bytes.size() - header_prefix_bytes < name_bytes + value_bytes) return false;
  header.name = bytes.substr(header_prefix_bytes, name_bytes);
  header.value = bytes.substr(header_prefix_bytes + name_bytes, value_bytes);
  bytes.remove_prefix(header_prefix_bytes + name_bytes + value_bytes);
  return true;
}

/// The rules of one header, its uniqueness aside. `index` counts from 0.
Status check_header(const Header& header, std::size_t index) {
  const auto bad = [&](std::string_view why, std::string_view way_out) {
    return refuse(Errc::invalid_headers, "Header " + std::to_string(index + 1) + " " + std::string(why), way_out);
  };
  if (header.name.empty()) return bad("has an empty name", "Give it a name, or leave it out.");
  if (header.name.size() > limits::header_name_bytes) {
    return bad("has a name of " + std::to_string(header.name.size()) + " bytes, at most " +
                   std::to_string(limits::header_name_bytes) + " are allowed",
               "Shorten it.");
  }
  if (!is_utf8(header.name)) return bad("has a name that is not UTF-8", "Encode it as UTF-8; values may be any bytes but NUL.");
  const std::string named = rules::quote(header.name);
  if (!has_no_controls(header.name)) return bad(named + " has a control character in its name", "Leave it out.");
  if (const std::size_t nul = header.value.find('\0'); nul != std::string_view::npos) {
    return bad(named + " has a NUL byte in its value, at byte " + std::to_string(nul + 1),
               "Encode the value, or put it in the body.");
  }
  return {};
}

Status repeated(std::string_view name) {
  return refuse(Errc::invalid_headers, "Header " + rules::quote(name) + " is given twice", "Give each name once.");
}

Status check_header_sizes(std::size_t count, std::size_t bytes) {
  if (count > limits::header_count) {
    return refuse(
        Errc::invalid_headers,
        "A message has " + std::to_string(count) + " headers, at most " + std::to_string(limits::header_count) + " are allowed",
        "Send fewer, or put them in the body.");
  }
  if (bytes > limits::headers_bytes) {
    return refuse(Errc::invalid_headers,
                  "The headers of a message have " + std::to_string(bytes) + " bytes encoded, at most " +
                      std::to_string(limits::headers_bytes) + " are allowed",
                  "Shorten them, or put them in the body.");
  }
  return {};
}

Status check_headers(const Record& record) {
  if (Status sizes = check_header_sizes(record.header_count, record.headers.size()); !sizes) return sizes;
  std::array<std::string_view, limits::header_count> names;
  std::string_view rest = record.headers;
  for (std::size_t i = 0; i < record.header_count; ++i) {
    Header header;
    if (!split_header(rest, header)) {
      return refuse(Errc::invalid_headers,
                    "Header " + std::to_string(i + 1) + " of " + std::to_string(record.header_count) +
                        " reaches beyond header_bytes (" + std::to_string(record.headers.size()) + ")",
                    "Mend the lengths of the record.");
    }
    if (Status status = check_header(header, i); !status) return status;
    for (std::size_t j = 0; j < i; ++j) {
      if (names[j] == header.name) return repeated(header.name);
    }
    names[i] = header.name;
  }
  if (!rest.empty()) {
    return refuse(Errc::invalid_headers,
                  "header_bytes of a record is " + std::to_string(rest.size()) + " more than its " +
                      std::to_string(record.header_count) + " headers have",
                  "Mend the count or the length of the record.");
  }
  return {};
}

Status check_sizes(std::size_t key_bytes, std::size_t ordering_key_bytes, std::size_t body_bytes, std::size_t max_message_bytes) {
  if (key_bytes > limits::idempotency_key_bytes) {
    return refuse(Errc::invalid_key,
                  "An idempotency key has " + std::to_string(key_bytes) + " bytes, at most " +
                      std::to_string(limits::idempotency_key_bytes) + " are allowed",
                  "Shorten it, for example to a hash of it.");
  }
  if (ordering_key_bytes > limits::ordering_key_bytes) {
    return refuse(Errc::invalid_key,
                  "An ordering key has " + std::to_string(ordering_key_bytes) + " bytes, at most " +
                      std::to_string(limits::ordering_key_bytes) + " are allowed",
                  "Shorten it.");
  }
  if (body_bytes > max_message_bytes) {
    return refuse(Errc::too_large,
                  "A message body has " + std::to_string(body_bytes) + " bytes, at most " + std::to_string(max_message_bytes) +
                      " are allowed here (max_message_bytes, at most " + std::to_string(limits::message_bytes) + ")",
                  "Split it, or send where it lies.");
  }
  return {};
}

Status check_times(const Message& message) {
  if (message.delay < Duration{0} || message.delay > limits::delay_max) {
    return refuse(Errc::out_of_range,
                  "A delay of " + std::to_string(message.delay.count()) + " ms is outside 0 to " +
                      std::to_string(limits::delay_max.count()) + " ms",
                  "Choose one inside.");
  }
  if (message.ttl < Duration{0} || message.ttl > limits::ttl_max) {
    return refuse(Errc::out_of_range,
                  "A ttl of " + std::to_string(message.ttl.count()) + " ms is outside 0 to " +
                      std::to_string(limits::ttl_max.count()) + " ms",
                  "Choose one inside.");
  }
  if (message.ttl > Duration{0} && message.delay >= message.ttl) {
    return refuse(Errc::out_of_range,
                  "A message would expire (ttl " + std::to_string(message.ttl.count()) + " ms) before it may be delivered (delay " +
                      std::to_string(message.delay.count()) + " ms)",
                  "Choose a longer ttl.");
  }
  return {};
}

std::uint64_t milliseconds(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

/// Checks and counts the headers of `message`; `bytes` is their encoded size.
Status measure_headers(const Message& message, std::size_t& bytes) {
  bytes = 0;
  if (message.headers.empty()) return {};
  for (const Header& header : message.headers) bytes += header_prefix_bytes + header.name.size() + header.value.size();
  if (Status sizes = check_header_sizes(message.headers.size(), bytes); !sizes) return sizes;
  for (std::size_t i = 0; i < message.headers.size(); ++i) {
    if (Status status = check_header(message.headers[i], i); !status) return status;
    for (std::size_t j = 0; j < i; ++j) {
      if (message.headers[j].name == message.headers[i].name) return repeated(message.headers[i].name);
    }
  }
  return {};
}

char* put(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) { return libdeflate_crc32(seed, bytes.data(), bytes.size()); }

bool split(std::string_view& bytes, Record& record) {
  if (bytes.size() < record_header_bytes) return false;
  const char* at = bytes.data();
  const std::size_t covered = load<std::uint32_t>(at);
  if (covered < record_header_bytes - length_and_crc_bytes || covered > bytes.size() - length_and_crc_bytes) return false;
  const std::uint8_t attributes = load<std::uint8_t>(at + 8);
  if ((attributes & ~known_attributes) != 0) return false;
  const std::size_t key_bytes = load<std::uint8_t>(at + 9);
  const std::size_t ordering_key_bytes = load<std::uint8_t>(at + 10);
  const std::size_t header_bytes = load<std::uint32_t>(at + 12);
  const std::size_t time_bytes = ((attributes & has_deliver_at) != 0 ? 8u : 0u) + ((attributes & has_expires_at) != 0 ? 8u : 0u);
  const std::size_t room = covered + length_and_crc_bytes - record_header_bytes;
  if (key_bytes + ordering_key_bytes + time_bytes > room || header_bytes > room - key_bytes - ordering_key_bytes - time_bytes) {
    return false;
  }
  record.bytes = bytes.substr(0, covered + length_and_crc_bytes);
  record.attributes = attributes;
  record.header_count = load<std::uint8_t>(at + 11);
  record.deliver_at = record.expires_at = 0;
  at += record_header_bytes;
  if ((attributes & has_deliver_at) != 0) {
    record.deliver_at = load<std::uint64_t>(at);
    at += 8;
  }
  if ((attributes & has_expires_at) != 0) {
    record.expires_at = load<std::uint64_t>(at);
    at += 8;
  }
  record.key = {at, key_bytes};
  record.ordering_key = {at += key_bytes, ordering_key_bytes};
  record.headers = {at += ordering_key_bytes, header_bytes};
  at += header_bytes;
  record.body = {at, room - time_bytes - key_bytes - ordering_key_bytes - header_bytes};
  bytes.remove_prefix(record.bytes.size());
  return true;
}

Error damaged_on_the_way() {
  return refuse(Errc::bad_checksum, "The record's bytes do not have its checksum: it was damaged on the way",
                "Publish it again under a new number.");
}

Error fault(std::string_view bytes) {
  constexpr std::string_view mend = "Mend the lengths of the record, or the count and bytes of its batch.";
  const auto cut = [&](std::string what) { return refuse(Errc::bad_length, std::move(what), mend); };
  if (bytes.size() < record_header_bytes) {
    return cut("A record has at least " + std::to_string(record_header_bytes) + " bytes, and the batch has " +
               std::to_string(bytes.size()) + " left for it");
  }
  const std::size_t covered = load<std::uint32_t>(bytes.data());
  const std::size_t least = record_header_bytes - length_and_crc_bytes, left = bytes.size() - length_and_crc_bytes;
  if (covered < least) return cut("A record's length is " + std::to_string(covered) + ", the least is " + std::to_string(least));
  if (covered > left) {
    return cut("A record's length is " + std::to_string(covered) + ", and the batch has " + std::to_string(left) +
               " bytes behind it");
  }
  if (crc32(bytes.substr(length_and_crc_bytes, covered)) != load<std::uint32_t>(bytes.data() + 4)) return damaged_on_the_way();
  const auto unknown = static_cast<unsigned>(load<std::uint8_t>(bytes.data() + 8) & ~known_attributes);
  if (unknown != 0) {
    return refuse(Errc::invalid_argument,
                  "A record has attribute bits that do not exist (" + std::to_string(unknown) +
                      "); there are 1 (deliver_at) and 2 (expires_at)",
                  "Clear the others.");
  }
  return cut("The times, keys and headers of a record take more than its length, " + std::to_string(covered) + ", leaves them");
}

bool checksum_ok(const Record& record) {
  return crc32(record.bytes.substr(length_and_crc_bytes)) == load<std::uint32_t>(record.bytes.data() + 4);
}

Status check(const Record& record, std::uint32_t max_message_bytes) {
  if (Status sizes = check_sizes(record.key.size(), record.ordering_key.size(), record.body.size(), max_message_bytes); !sizes) {
    return sizes;
  }
  if ((record.header_count | record.headers.size()) != 0) {
    if (Status headers = check_headers(record); !headers) return headers;
  }
  if (record.attributes != 0) {
    if (((record.attributes & has_deliver_at) != 0) != (record.deliver_at != 0) ||
        ((record.attributes & has_expires_at) != 0) != (record.expires_at != 0)) {
      return refuse(Errc::out_of_range, "deliver_at or expires_at is there (attributes) and is 0",
                    "Clear its attribute bit instead.");
    }
    if (record.expires_at != 0 && record.deliver_at >= record.expires_at) {
      return refuse(Errc::out_of_range,
                    "A message would expire (expires_at " + std::to_string(record.expires_at) +
                        ") before it may be delivered (deliver_at " + std::to_string(record.deliver_at) + ")",
                    "Choose a later expires_at.");
    }
  }
  return {};
}

Status encode(const Message& message, Timestamp now, std::string& out) {
  if (Status sizes =
          check_sizes(message.idempotency_key.size(), message.ordering_key.size(), message.body.size(), limits::message_bytes);
      !sizes) {
    return sizes;
  }
  if (Status times = check_times(message); !times) return times;
  std::size_t header_bytes = 0;
  if (Status headers = measure_headers(message, header_bytes); !headers) return headers;

  std::uint8_t attributes = 0;
  std::size_t total =
      record_header_bytes + message.idempotency_key.size() + message.ordering_key.size() + header_bytes + message.body.size();
  if (message.delay > Duration{0}) attributes |= has_deliver_at, total += 8;
  if (message.ttl > Duration{0}) attributes |= has_expires_at, total += 8;

  const std::size_t start = out.size();
  out.resize(start + total);
  char* const first = out.data() + start;
  store<std::uint32_t>(first, static_cast<std::uint32_t>(total - length_and_crc_bytes));
  store<std::uint8_t>(first + 8, attributes);
  store<std::uint8_t>(first + 9, static_cast<std::uint8_t>(message.idempotency_key.size()));
  store<std::uint8_t>(first + 10, static_cast<std::uint8_t>(message.ordering_key.size()));
  store<std::uint8_t>(first + 11, static_cast<std::uint8_t>(message.headers.size()));
  store<std::uint32_t>(first + 12, static_cast<std::uint32_t>(header_bytes));
  char* at = first + record_header_bytes;
  if ((attributes & has_deliver_at) != 0) store<std::uint64_t>(at, milliseconds(now + message.delay)), at += 8;
  if ((attributes & has_expires_at) != 0) store<std::uint64_t>(at, milliseconds(now + message.ttl)), at += 8;
  at = put(at, message.idempotency_key);
  at = put(at, message.ordering_key);
  for (const Header& header : message.headers) {
    store<std::uint8_t>(at, static_cast<std::uint8_t>(header.name.size()));
    store<std::uint16_t>(at + 1, static_cast<std::uint16_t>(header.value.size()));
    at = put(put(at + header_prefix_bytes, header.name), header.value);
  }
  put(at, message.body);
  store<std::uint32_t>(first + 4, crc32({first + length_and_crc_bytes, total - length_and_crc_bytes}));
  return {};
}

void shift_times(char* record, Duration by) {
  const auto attributes = load<std::uint8_t>(record + 8);
  char* at = record + record_header_bytes;
  for (const Attribute time : {has_deliver_at, has_expires_at}) {
    if ((attributes & time) == 0) continue;
    const std::int64_t moved = static_cast<std::int64_t>(load<std::uint64_t>(at)) + by.count();
    store<std::uint64_t>(at, static_cast<std::uint64_t>(std::max<std::int64_t>(moved, 1)));
    at += 8;
  }
  store<std::uint32_t>(record + 4, crc32({record + length_and_crc_bytes, load<std::uint32_t>(record)}));
}

std::vector<Header> decode_headers(std::string_view bytes, std::uint32_t count) {
  std::vector<Header> headers;
  headers.reserve(count < limits::header_count ? count : limits::header_count);
  Header header;
  while (headers.size() < count && split_header(bytes, header)) headers.push_back(header);
  return headers;
}

}  // namespace ackwire::format
