#include "engine/repair/salvage.hpp"

#include <algorithm>
#include <cstring>

#include "format/members.hpp"
#include "format/record.hpp"
#include "format/run.hpp"

namespace ackwire::engine {
namespace {

constexpr std::size_t prefix_bytes = 8;  // of a record: its length and its checksum
// One bit in 4 KiB is a proof: by chance it fits once in 65,000 rows that are damaged in more than one.
constexpr std::size_t mended_bytes_max = 4096;
constexpr std::size_t record_offset_min = crc_bytes + 2 + 4;     // of a record in its row, behind its size
constexpr std::size_t untagged_publish_offset = crc_bytes + 13;  // of the time in a row of format 1
constexpr std::uint8_t publish_number = 1;                       // of the same in a row with tagged members, the first

std::uint32_t u32_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void put_u32(std::string& bytes, std::size_t offset, std::uint32_t value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// The size that the length of the first record says, 0 when it does not fit.
std::size_t said_size(std::string_view records) {
  if (records.size() < format::record_header_bytes) return 0;
  const std::size_t size = std::size_t{u32_at(records, 0)} + prefix_bytes;
  return size >= format::record_header_bytes && size <= records.size() ? size : 0;
}

bool lengths_add_up(std::string_view records, std::uint32_t count) {
  for (; count > 0; --count) {
    const std::size_t size = said_size(records);
    if (size == 0) return false;
    records.remove_prefix(size);
  }
  return records.empty();
}

/// The size of the first record when it is whole, else 0.
std::size_t whole_size(std::string_view records) {
  format::Record record;
  return format::split(records, record) && format::checksum_ok(record) ? record.bytes.size() : 0;
}

/// The size of the first record by its checksum alone, where another record follows; else 0.
std::size_t proven_size(std::string_view records) {
  if (records.size() < format::record_header_bytes) return 0;
  const std::uint32_t wanted = u32_at(records, 4);
  std::uint32_t crc = 0;
  for (std::size_t end = prefix_bytes; end < records.size(); ++end) {
    if (end >= format::record_header_bytes && crc == wanted) {
      format::Record next;
      std::string_view rest = records.substr(end);
      if (format::split(rest, next)) return end;
    }
    crc = format::crc32(records.substr(end, 1), crc);
  }
  return 0;
}

bool length_is_wrong_alone(std::string_view record) {
  return record.size() >= format::record_header_bytes && u32_at(record, 0) + prefix_bytes != record.size() &&
         format::crc32(record.substr(prefix_bytes)) == u32_at(record, 4);
}

/// Where the record of a damaged row begins: it is the last member, and two of its size, its length and its checksum hold.
std::optional<std::size_t> find_record(std::string_view row) {
  for (std::size_t at = record_offset_min; at + format::record_header_bytes <= row.size(); ++at) {
    const std::string_view record = row.substr(at);
    const bool size = u32_at(row, at - 4) == record.size();
    const bool length = u32_at(record, 0) + prefix_bytes == record.size();
    if (size && length) return at;
    if ((size || length) && format::crc32(record.substr(prefix_bytes)) == u32_at(record, 4)) return at;
  }
  return std::nullopt;
}

/// When the message of a damaged row was published, if the row still says a time that can be.
std::optional<std::int64_t> find_publish_ms(std::string_view row, std::int64_t now_ms) {
  const auto can_be = [now_ms](std::int64_t time) { return time > 0 && time <= now_ms; };
  std::string_view members = row.substr(std::min(row.size(), crc_bytes));
  format::Member first;
  if (format::split(members, first) && first.number == publish_number && (first.kind & format::member_sized) == 0) {
    const auto time = static_cast<std::int64_t>(first.value);
    if (can_be(time)) return time;
  }
  std::int64_t time = 0;
  if (row.size() < untagged_publish_offset + sizeof time) return std::nullopt;
  std::memcpy(&time, row.data() + untagged_publish_offset, sizeof time);
  return can_be(time) ? std::optional(time) : std::nullopt;
}

/// Turns one bit after the other until `good` says so.
template <class Good>
bool turn_one_bit(std::string& bytes, std::size_t size, Good good) {
  for (std::size_t bit = 0; bit < 8 * size; ++bit) {
    const char mask = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    if (good()) return true;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
  }
  return false;
}

}  // namespace

std::vector<std::uint32_t> record_sizes(std::string_view records, std::uint32_t count) {
  std::vector<std::uint32_t> sizes(count);
  const bool sound = lengths_add_up(records, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::size_t size = sound ? said_size(records) : i + 1 == count ? 0 : whole_size(records);
    if (size == 0 && i + 1 < count) size = proven_size(records);
    if (size == 0 && i + 1 < count && lengths_add_up(records, count - i)) size = said_size(records);
    if (size == 0) size = records.size();
    sizes[i] = static_cast<std::uint32_t>(size);
    records.remove_prefix(size);
  }
  return sizes;
}

std::string_view record_at(std::string_view records, std::uint32_t count, std::uint32_t index) {
  std::size_t begin = 0;
  if (lengths_add_up(records, count)) {
    for (std::uint32_t i = 0; i < index; ++i) begin += said_size(records.substr(begin));
    return records.substr(begin, said_size(records.substr(begin)));
  }
  const auto sizes = record_sizes(records, count);
  for (std::uint32_t i = 0; i < index; ++i) begin += sizes[i];
  return records.substr(begin, sizes[index]);
}

bool mend_length(std::string& record) {
  if (!length_is_wrong_alone(record)) return false;
  put_u32(record, 0, static_cast<std::uint32_t>(record.size() - prefix_bytes));
  return whole_size(record) == record.size();
}

Salvaged salvage(std::string_view damaged_row, std::int64_t now_ms) {
  Salvaged out;
  out.row.publish_ms = find_publish_ms(damaged_row, now_ms).value_or(now_ms);
  if (const auto at = find_record(damaged_row)) {
    out.row.record = damaged_row.substr(*at);
    out.whole = whole_size(out.row.record) == out.row.record.size() || mend_length(out.row.record);
  } else {
    out.row.record = damaged_row;
  }
  return out;
}

Salvaged salvage(store::Transaction& tx, std::string_view at, std::string_view damaged_row, std::int64_t now_ms) {
  Salvaged out = salvage(damaged_row, now_ms);
  const auto body = tx.get(store::Table::bodies, at);
  if (!body) return out;
  out.row.record = *body;
  out.row.body_bytes = body->size();
  out.whole = whole_size(out.row.record) == out.row.record.size();
  return out;
}

std::optional<std::string> mend_sealed(std::string_view row) {
  if (row.size() <= 4 || row.size() > mended_bytes_max) return std::nullopt;
  std::string bytes(row);
  if (!turn_one_bit(bytes, bytes.size(), [&bytes] { return unseal(bytes).has_value(); })) return std::nullopt;
  return bytes;
}

bool mend_run_header(std::string& block, std::uint64_t base) {
  if (block.size() < format::run_header_bytes) return false;
  return turn_one_bit(block, format::run_header_bytes, [&] {
    format::Run run;
    std::string_view bytes = block;
    return format::split_run(bytes, run) && bytes.empty() && run.first_sequence == base && run.count > 0;
  });
}

void replace_run_header(std::string& block, std::uint64_t base, std::uint64_t publish_ms, std::uint64_t most) {
  block.resize(std::max(block.size(), format::run_header_bytes + format::record_header_bytes));  // room for one at least
  format::Run run;
  run.first_sequence = base;
  run.publish_time = publish_ms;
  run.records = std::string_view(block).substr(format::run_header_bytes);
  std::string_view rest = run.records;
  while (const std::size_t size = said_size(rest)) {
    ++run.count;
    rest.remove_prefix(size);
  }
  const std::uint64_t fit = std::min<std::uint64_t>(most, run.records.size() / format::record_header_bytes);
  if (!rest.empty() || run.count > most) run.count = static_cast<std::uint32_t>(std::max<std::uint64_t>(fit, 1));
  format::write_run_header(block.data(), run);
}

}  // namespace ackwire::engine
