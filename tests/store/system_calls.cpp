#include "system_calls.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

namespace ackwire::store::testing {
namespace {

struct Plan {
  std::vector<CallSeen> seen;
  struct Failure {
    Call call;
    int error_number;
    bool synced;
  };
  std::optional<Failure> failure;
  bool cut_write = false;
  std::size_t other_bytes = 0;  // not 0: at most so many bytes a write
  int other_error = 0;
  bool other_fails = false;
  int allocation_error = 0;
  std::optional<std::uint64_t> disk_free_bytes;
  std::optional<long> filesystem;
  int exit_before = 0;
  int fail_call = 0;
  int fail_with = 0;
  bool struck = false;
};
Plan* plan = nullptr;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_data_file(int fd) {
  char link[64], path[512];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path);
  return size > 8 && std::string(path, static_cast<std::size_t>(size)).ends_with("/data.mdb");
}

CallSeen look(Call call, int fd, std::uint64_t offset = 0, std::uint64_t bytes = 0) {
  const int flags = ::fcntl(fd, F_GETFL);
  return {call, is_data_file(fd), flags >= 0 && (flags & O_DSYNC) != 0, offset, bytes, true};
}

void maybe_exit() {
  if (plan != nullptr && plan->exit_before > 0 && --plan->exit_before == 0) ::_exit(42);
}

/// The error number to fail with, or 0.
int planned_failure(CallSeen seen) {
  maybe_exit();
  if (plan == nullptr) return 0;
  int error_number = 0;
  if (plan->failure && seen.to_data_file && plan->failure->call == seen.call && plan->failure->synced == seen.synced_descriptor) {
    error_number = plan->failure->error_number;
    plan->failure.reset();
  }
  if (plan->fail_call > 0 && --plan->fail_call == 0) {
    error_number = plan->fail_with;
    plan->struck = true;
  }
  seen.ok = error_number == 0;
  plan->seen.push_back(seen);
  return error_number;
}

bool cut(const CallSeen& seen) {
  if (plan == nullptr || !plan->cut_write || !seen.to_data_file || seen.synced_descriptor) return false;
  plan->cut_write = false;
  return true;
}

/// How much of a write to another file is done; 0 with errno set when it fails.
std::size_t other_write(const CallSeen& seen, std::size_t size) {
  if (plan == nullptr || plan->other_bytes == 0 || seen.to_data_file) return size;
  if (plan->other_error != 0 && std::exchange(plan->other_fails, !plan->other_fails)) return errno = plan->other_error, 0;
  return std::min(size, plan->other_bytes);
}

}  // namespace

SystemCalls::SystemCalls() { plan = new Plan; }
SystemCalls::~SystemCalls() {
  delete plan;
  plan = nullptr;
}
const std::vector<CallSeen>& SystemCalls::seen() const { return plan->seen; }
void SystemCalls::forget() { plan->seen.clear(); }
void SystemCalls::fail_next(Call call, int error_number, bool synced) { plan->failure = {call, error_number, synced}; }
void SystemCalls::cut_next_write() { plan->cut_write = true; }
void SystemCalls::cut_other_writes(std::size_t bytes, int then) {
  plan->other_bytes = bytes;
  plan->other_error = then;
  plan->other_fails = false;
}
void SystemCalls::fail_allocations(int error_number) { plan->allocation_error = error_number; }
void SystemCalls::set_disk_free(std::uint64_t bytes) { plan->disk_free_bytes = bytes; }
void SystemCalls::set_filesystem(long magic) { plan->filesystem = magic; }
void SystemCalls::fail_call(int count, int error_number) {
  plan->fail_call = count;
  plan->fail_with = error_number;
  plan->struck = false;
}
bool SystemCalls::struck() const { return plan->struck; }
void SystemCalls::exit_before(int count) { plan->exit_before = count; }

}  // namespace ackwire::store::testing

using namespace ackwire::store::testing;  // NOLINT: the definitions below replace the C library's
#define ACKWIRE_SEEN extern "C" __attribute__((visibility("default")))

ACKWIRE_SEEN ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  const CallSeen seen = look(Call::write, fd, static_cast<std::uint64_t>(offset), size);
  if (const int failure = planned_failure(seen); failure != 0) return errno = failure, -1;
  const size_t most = other_write(seen, size);
  if (most == 0 && size != 0) return -1;
  return real<ssize_t(int, const void*, size_t, off_t)>("pwrite")(fd, bytes, cut(seen) ? size / 2 : most, offset);
}

ACKWIRE_SEEN int fallocate(int fd, int mode, off_t offset, off_t size) {
  if (plan != nullptr && plan->allocation_error != 0) return errno = plan->allocation_error, -1;
  return real<int(int, int, off_t, off_t)>("fallocate")(fd, mode, offset, size);
}

// Of files only: the test program itself writes to its standard output.
ACKWIRE_SEEN ssize_t write(int fd, const void* bytes, size_t size) {
  struct stat status {};
  if (plan != nullptr && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && fd > STDERR_FILENO) {
    if (const int failure = planned_failure(look(Call::write, fd, 0, size)); failure != 0) return errno = failure, -1;
  }
  return real<ssize_t(int, const void*, size_t)>("write")(fd, bytes, size);
}

ACKWIRE_SEEN ssize_t writev(int fd, const iovec* parts, int count) {
  std::uint64_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  const CallSeen seen = look(Call::write, fd, static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR)), bytes);
  if (const int failure = planned_failure(seen); failure != 0) return errno = failure, -1;
  return real<ssize_t(int, const iovec*, int)>("writev")(fd, parts, cut(seen) ? count / 2 : count);
}

ACKWIRE_SEEN int fdatasync(int fd) {
  if (const int failure = planned_failure(look(Call::sync, fd)); failure != 0) return errno = failure, -1;
  return real<int(int)>("fdatasync")(fd);
}

ACKWIRE_SEEN int fsync(int fd) {
  if (const int failure = planned_failure(look(Call::sync, fd)); failure != 0) return errno = failure, -1;
  return real<int(int)>("fsync")(fd);
}

ACKWIRE_SEEN int ftruncate(int fd, off_t size) noexcept {
  planned_failure(look(Call::truncate, fd));
  return real<int(int, off_t)>("ftruncate")(fd, size);
}

ACKWIRE_SEEN int rename(const char* from, const char* to) noexcept {
  if (const int failure = planned_failure({Call::rename}); failure != 0) return errno = failure, -1;
  return real<int(const char*, const char*)>("rename")(from, to);
}

ACKWIRE_SEEN int mkdir(const char* path, mode_t mode) noexcept {
  planned_failure({Call::make_directory});
  return real<int(const char*, mode_t)>("mkdir")(path, mode);
}

ACKWIRE_SEEN int statfs(const char* path, struct statfs* status) noexcept {
  const int result = real<int(const char*, struct statfs*)>("statfs")(path, status);
  if (result == 0 && plan != nullptr && plan->filesystem) status->f_type = *plan->filesystem;
  return result;
}

ACKWIRE_SEEN int statvfs(const char* path, struct statvfs* status) noexcept {
  const int result = real<int(const char*, struct statvfs*)>("statvfs")(path, status);
  if (result == 0 && plan != nullptr && plan->disk_free_bytes) status->f_bavail = *plan->disk_free_bytes / status->f_frsize;
  return result;
}
