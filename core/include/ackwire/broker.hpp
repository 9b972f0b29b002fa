// The broker, in this process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ackwire/connection.hpp"

namespace ackwire {

struct BrokerOptions {
  std::uint64_t store_bytes_limit = 64ull << 30;  ///< size of the (sparse) memory map; fixed while open
  double store_soft_limit = 0.85;                 ///< publishes are refused above this share, everything else still works
  std::uint64_t disk_floor_bytes = 256ull << 20;  ///< publishes are refused when the file system has less free
  std::uint32_t commit_max_frames = 4'096;        ///< frames taken into one commit
  std::uint64_t commit_max_bytes = 16ull << 20;   ///< and their bytes
  std::uint32_t max_sessions = 1'024;
  Duration session_timeout{15'000};                  ///< a session that says nothing this long is gone: its leases end
  std::uint64_t session_outbox_bytes = 64ull << 20;  ///< unsent bytes of one session; over it the session is ended
  std::uint64_t seed = 0;                            ///< of retry jitter; 0 = from the system
  bool accept_rollback = false;                      ///< open a store that is older than its witness says
  bool unsafe_filesystem = false;                    ///< open on a network file system
  Duration call_timeout{30'000};                     ///< of this handle's own calls
};

/// A broker over the store in a directory. Opening makes the directory when absent. One process at a time.
class Broker : public Connection {
 public:
  /// Errors: store_* and io; each names the file and says what to do. Nothing is ever deleted because it cannot be read.
  static Result<Broker> open(const std::filesystem::path& directory, const BrokerOptions& options = {});
  /// Serves other processes as well. "tcp://127.0.0.1:7733", "tcp://127.0.0.1:*" (any free port) or "ipc:///path".
  /// Returns the endpoint as bound. Errors: insecure_bind (anything but loopback and ipc), invalid_argument, io.
  Result<std::string> listen(std::string_view endpoint);
  /// Whether `endpoint` is one that listen() takes; binds nothing, so a port that is taken is not seen. Errors: insecure_bind,
  /// invalid_argument.
  static Status check_endpoint(std::string_view endpoint);
  /// Why the broker stopped confirming, if it did (Errc::failed); ok otherwise.
  Status health() const;
  /// Why publishes find no room at present (Errc::overloaded or store_full; the text names the limit), ok otherwise. Everything
  /// else goes on meanwhile.
  Status room() const;

  Broker(Broker&&) noexcept;
  Broker& operator=(Broker&&) noexcept;
  ~Broker() override;

 private:
  struct Host;
  Broker(std::shared_ptr<ConnectionCore> core, std::unique_ptr<Host> host);
  std::unique_ptr<Host> host_;
};

/// What an offline check found.
struct VerifyReport {
  std::uint64_t queues = 0, groups = 0, blocks = 0, messages = 0, delayed = 0, dead = 0, dedupe_keys = 0, bytes = 0;
  std::vector<std::string> problems;  ///< empty: the store is sound. Each names table, key and what is wrong.
};

/// Reads the whole store in `directory` without changing it: every checksum, every counter recounted, every index against
/// its table. Errors: as Broker::open; store_in_use while a broker has it open.
Result<VerifyReport> verify(const std::filesystem::path& directory);

}  // namespace ackwire
