// The system calls by which a store reaches the disk, seen and bent by tests. The symbols are defined in the test program, so
// liblmdb and the store call these; they forward to the C library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ackwire::store::testing {

enum class Call : std::uint8_t { write, sync, rename, make_directory, truncate };

/// One call on a file of interest.
struct CallSeen {
  Call call = Call::write;
  bool to_data_file = false;
  bool synced_descriptor = false;  // O_DSYNC or O_SYNC
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool ok = true;
};

/// Watches from construction to destruction. One at a time.
class SystemCalls {
 public:
  SystemCalls();
  ~SystemCalls();

  const std::vector<CallSeen>& seen() const;
  void forget();

  /// The next call of this kind to data.mdb fails. `synced`: only on a descriptor that syncs by itself (the meta page).
  void fail_next(Call call, int error_number, bool synced = false);
  /// The next plain write to data.mdb writes only half.
  void cut_next_write();
  /// From now on each write to a file other than data.mdb stores at most this many bytes; `then` fails every second one with
  /// this error.
  void cut_other_writes(std::size_t bytes, int then = 0);
  /// What fallocate does from now on: fails with this error, or nothing when it is 0.
  void fail_allocations(int error_number);
  /// What statvfs says from now on.
  void set_disk_free(std::uint64_t bytes);
  /// What statfs says from now on.
  void set_filesystem(long magic);
  /// Call number `count` (1 = the next) of those that are seen fails, whichever it is.
  void fail_call(int count, int error_number);
  /// True when fail_call() has struck.
  bool struck() const;
  /// The process ends without any cleaning up, just before call number `count` (1 = the next).
  void exit_before(int count);
};

}  // namespace ackwire::store::testing
