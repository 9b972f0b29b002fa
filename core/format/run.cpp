#include "format/run.hpp"

#include "format/bytes.hpp"
#include "format/record.hpp"

namespace ackwire::format {
namespace {

constexpr std::size_t checked_bytes = run_header_bytes - 4;

}  // namespace

void write_run_header(char* out, const Run& run) {
  store<std::uint64_t>(out, run.first_sequence);
  store<std::uint64_t>(out + 8, run.publish_time);
  store<std::uint32_t>(out + 16, run.count);
  store<std::uint32_t>(out + 20, static_cast<std::uint32_t>(run.records.size()));
  store<std::uint32_t>(out + 24, run.delivery);
  store<std::uint32_t>(out + 28, run.attempts);
  store<std::uint16_t>(out + 32, 0);
  store<std::uint16_t>(out + 34, 0);
  store<std::uint32_t>(out + checked_bytes, crc32({out, checked_bytes}));
}

void append_run(std::string& out, const Run& run) {
  char header[run_header_bytes];
  write_run_header(header, run);
  out.reserve(out.size() + run_header_bytes + run.records.size());
  out.append(header, run_header_bytes);
  out.append(run.records);
}

bool split_run(std::string_view& bytes, Run& run) {
  if (bytes.size() < run_header_bytes) return false;
  const char* at = bytes.data();
  if (load<std::uint32_t>(at + checked_bytes) != crc32({at, checked_bytes})) return false;
  if (load<std::uint32_t>(at + 32) != 0) return false;  // a codec or a key that this version does not know
  const std::size_t record_bytes = load<std::uint32_t>(at + 20);
  const std::uint32_t count = load<std::uint32_t>(at + 16);
  if (record_bytes > bytes.size() - run_header_bytes || count > record_bytes / record_header_bytes) return false;
  run.first_sequence = load<std::uint64_t>(at);
  run.publish_time = load<std::uint64_t>(at + 8);
  run.count = count;
  run.delivery = load<std::uint32_t>(at + 24);
  run.attempts = load<std::uint32_t>(at + 28);
  run.records = bytes.substr(run_header_bytes, record_bytes);
  bytes.remove_prefix(run_header_bytes + record_bytes);
  return true;
}

}  // namespace ackwire::format
