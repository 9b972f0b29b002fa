// The broker, in this process.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "ackwire/connection.hpp"
#include "ackwire/field.hpp"
#include "ackwire/log.hpp"

namespace ackwire {

/// How a broker runs. What is not explained here is explained in its fields.
struct BrokerOptions {
  std::uint64_t store_bytes_limit = 64ull << 30;
  double store_soft_limit = 0.85;
  std::uint64_t disk_floor_bytes = 256ull << 20;
  std::uint32_t commit_max_frames = 4'096;
  std::uint64_t commit_max_bytes = 16ull << 20;
  std::uint32_t max_sessions = 1'024;
  Duration session_timeout{15'000};
  std::uint64_t session_outbox_bytes = 64ull << 20;
  std::uint64_t seed = 0;
  bool accept_rollback = false;
  bool accept_clock = false;
  bool unsafe_filesystem = false;
  Duration call_timeout{30'000};
  Duration slow_commit{1'000};
  std::uint32_t socket_mode = 0600;  ///< permissions of the socket files of ipc endpoints
  LogSink log = nullptr;             ///< what the broker tells about itself; see log.hpp
};
template <>
inline constexpr auto fields<BrokerOptions> = Fields{
    field("store_bytes_limit", &BrokerOptions::store_bytes_limit,
          "size of the store's memory map; sparse on disk, fixed while open")
        .in_section("store")
        .from_to(1ull << 20, 1ull << 50),
    field("store_soft_limit", &BrokerOptions::store_soft_limit,
          "publishes are refused above this share of it, everything else works")
        .in_section("store")
        .from_to(0.01, 0.95),
    field("disk_floor_bytes", &BrokerOptions::disk_floor_bytes, "publishes are refused with less free on the disk")
        .in_section("store")
        .from_to(0, 1ull << 50),
    field("accept_rollback", &BrokerOptions::accept_rollback, "open a store that is older than its witness says")
        .in_section("store"),
    field("accept_clock", &BrokerOptions::accept_clock,
          "the system's clock is right: begin at its time when the store's is behind it")
        .in_section("store"),
    field("unsafe_filesystem", &BrokerOptions::unsafe_filesystem, "open a store on a network file system").in_section("store"),
    field("commit_max_frames", &BrokerOptions::commit_max_frames, "frames taken into one commit")
        .in_section("limits")
        .from_to(1, 1'000'000),
    field("commit_max_bytes", &BrokerOptions::commit_max_bytes, "bytes taken into one commit")
        .in_section("limits")
        .from_to(1, 1ull << 30),
    field("max_sessions", &BrokerOptions::max_sessions, "clients at once").in_section("limits").from_to(1, 1'000'000),
    field("session_timeout", &BrokerOptions::session_timeout, "a client silent this long is gone: its leases end")
        .in_section("limits")
        .from_to(Duration{100}, std::chrono::hours{24}),
    field("session_outbox_bytes", &BrokerOptions::session_outbox_bytes, "unsent bytes of one client before it is ended")
        .in_section("limits")
        .from_to(1, 1ull << 50),
    field("slow_commit", &BrokerOptions::slow_commit, "a commit that takes as long is logged")
        .in_section("limits")
        .from_to(Duration{1}, std::chrono::hours{24}),
    field("call_timeout", &BrokerOptions::call_timeout, "deadline of each blocking call of this handle")
        .from_to(Duration{1}, std::chrono::hours{24 * 365}),
    field("seed", &BrokerOptions::seed, "of retry jitter; 0: from the system"),
};
template <>
inline constexpr AboutType about<BrokerOptions>{"BrokerOptions", "Options of ``open``."};

/// A broker over the store in a directory. Opening makes the directory when absent. One process at a time. The limits of the
/// options are in settings.hpp.
class Broker : public Connection {
 public:
  /// Errors: out_of_range (an option), invalid_argument (":memory:" or an endpoint, which are no directory), store_* and io; each
  /// names the file and says what to do. Nothing is ever deleted because it cannot be read.
  static Result<Broker> open(const std::filesystem::path& directory, const BrokerOptions& options = {});
  /// Serves other processes as well. "tcp://127.0.0.1:7733", "tcp://127.0.0.1:*" (any free port) or "ipc:///path".
  /// Returns the endpoint as bound. Errors: insecure_bind (anything but loopback and ipc), invalid_argument, io.
  Result<std::string> listen(std::string_view endpoint);
  /// Whether `endpoint` is one that listen() takes; binds nothing, so a port that is taken is not seen. Errors: insecure_bind,
  /// invalid_argument.
  static Status check_endpoint(std::string_view endpoint);
  /// The same, and whether listen() could bind it now: tries, and lets go again. Errors: those, io (in use, no permission).
  static Status check_free(std::string_view endpoint);
  /// Why the broker stopped confirming, if it did (Errc::failed); ok otherwise.
  Status health() const;
  /// The system's clock less broker time, as of the last turn; 0 when they agree.
  Duration clock_offset() const;
  /// Why publishes find no room at present (Errc::overloaded or store_full; the text names the limit), ok otherwise. Everything
  /// else goes on meanwhile.
  Status room() const;

  Broker(Broker&&) noexcept;
  Broker& operator=(Broker&&) noexcept;
  ~Broker() override;

 private:
  struct Host;
  Broker(std::shared_ptr<backend::Backend> backend, std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

/// What an offline check found.
struct VerifyReport {
  std::uint64_t queues = 0, groups = 0, blocks = 0, messages = 0, delayed = 0, dead = 0, dedupe_keys = 0, bytes = 0;
  std::uint64_t in_flight = 0;        ///< handed out and not settled: they are delivered again
  std::vector<std::string> problems;  ///< empty: the store is sound. Each names table, key and what is wrong.
};

/// Reads the whole store in `directory` without changing it: every checksum, every counter recounted, every index against
/// its table. It reads in a child process, which a damaged page may end: that is a problem of the report too. The directory may
/// be on a file system that is mounted read-only. Errors: as Broker::open; store_in_use while a broker has it open.
Result<VerifyReport> verify(const std::filesystem::path& directory);

/// What a repair did.
struct RepairReport {
  std::vector<std::string> done;  ///< a line each; empty: there was nothing to repair
  VerifyReport after;             ///< the check of what is there now
};

/// Repairs the store in `directory`: what one flipped bit explains is mended; a message that is damaged becomes a dead letter with
/// the reason `damaged` and its bytes as they were found; indexes and counters are made anew. All in one synced transaction: a cut
/// leaves the store as it was. Keep a copy of the directory first. Errors: as Broker::open; store_damaged when a page of the file
/// itself is damaged, which takes a backup. Nothing was changed then.
Result<RepairReport> repair(const std::filesystem::path& directory);

struct BackupOptions {
  std::uint64_t bytes_per_second = 64ull << 20;  ///< written at most; 0 = as fast as it goes
};

struct BackupReport {
  std::uint64_t rows = 0, bytes = 0;  ///< in the copy
  std::uint64_t written_bytes = 0;  ///< more than `bytes` when the store changed meanwhile, less when an earlier try was continued
  std::uint32_t passes = 0;         ///< over the store, until nothing but the last changes was left
  Duration took{0};                 ///< from the call to the finished copy
  Duration longest_read{0};         ///< the longest read transaction: so long no freed page of the store could be used again
  Timestamp time{};                 ///< broker time of the copy, at most a minute back
};

/// Copies the store in `directory` to `to`, which must not exist or be empty, while a broker of another process may serve it. The
/// copy is the store as of one commit. What was not finished is in `to` with `.unfinished` behind its name, and the next call goes
/// on there. Errors: as Broker::open; store_in_use when this very process has the store open; invalid_argument: `to` is in use.
Result<BackupReport> backup(const std::filesystem::path& directory, const std::filesystem::path& to,
                            const BackupOptions& options = {});

struct RestoreReport {
  VerifyReport found;
  Timestamp time{};  ///< broker time of the copy, at most a minute back
};

/// Makes `directory`, which must not exist or be empty, a copy of the sound store in `backup`. Nothing is made when a problem is
/// found: RestoreReport::found names it. Errors: as verify(); invalid_argument: `directory` is in use.
Result<RestoreReport> restore(const std::filesystem::path& backup, const std::filesystem::path& directory);

}  // namespace ackwire
