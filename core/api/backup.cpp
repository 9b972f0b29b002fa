// Copies of a store: made while a broker serves it, and put back.
#include "ackwire/broker.hpp"
#include "engine/kept_time.hpp"
#include "engine/verify.hpp"
#include "store/lmdb_store.hpp"
#include "store/store_copy.hpp"

namespace ackwire {
namespace {

/// A copy may lie where no broker would be let run, on a network file system.
Result<std::unique_ptr<store::Store>> look_into(const std::filesystem::path& copy) {
  store::LmdbOptions options;
  options.create = false;
  options.read_only = true;
  options.unsafe_filesystem = true;
  options.on_warning = [](std::string_view) {};
  return store::open_lmdb(copy, options);
}

Result<Timestamp> time_of(store::Store& store) {
  const auto kept = engine::kept_time(store);
  if (!kept) return kept.error();
  return *kept ? (*kept)->wall : Timestamp{};
}

}  // namespace

Result<BackupReport> backup(const std::filesystem::path& directory, const std::filesystem::path& to, const BackupOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  const auto copied = store::copy_store(directory, to, options.bytes_per_second);
  if (!copied) return copied.error();
  const auto made = look_into(to);
  if (!made) return made.error();
  const auto time = time_of(**made);
  if (!time) return time.error();
  BackupReport report;
  report.rows = copied->rows;
  report.bytes = copied->bytes;
  report.written_bytes = copied->written_bytes;
  report.passes = copied->passes;
  report.longest_read = copied->longest_read;
  report.took = std::chrono::ceil<Duration>(std::chrono::steady_clock::now() - began);
  report.time = *time;
  return report;
}

Result<RestoreReport> restore(const std::filesystem::path& backup, const std::filesystem::path& directory) {
  auto copy = look_into(backup);
  if (!copy) return copy.error();
  auto found = engine::verify(**copy);
  if (!found) return found.error();
  const auto time = time_of(**copy);
  if (!time) return time.error();
  copy->reset();
  RestoreReport report{*std::move(found), *time};
  if (!report.found.problems.empty()) return report;
  if (const auto copied = store::copy_store(backup, directory, 0); !copied) return copied.error();
  return report;
}

}  // namespace ackwire
