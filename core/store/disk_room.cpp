// The blocks are taken by fallocate() with FALLOC_FL_KEEP_SIZE: the file keeps its length, which is checked when it is opened, and
// the blocks stay its own over a restart.
#include "store/disk_room.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

namespace ackwire::store {
namespace {

constexpr std::chrono::milliseconds free_interval{100};
constexpr std::chrono::milliseconds ask_interval{100};
constexpr std::uint64_t least_bytes = 16 * 1024;  // less is not worth asking for

/// A file size limit sends a signal, which ends the process unless it is held back.
class HeldSignal {
 public:
  HeldSignal() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~HeldSignal() {
    const timespec no_wait{};
    if (sigismember(&before_, SIGXFSZ) == 0) sigtimedwait(&signal_, nullptr, &no_wait);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  HeldSignal(const HeldSignal&) = delete;
  HeldSignal& operator=(const HeldSignal&) = delete;

 private:
  sigset_t signal_, before_;
};

}  // namespace

DiskRoom::DiskRoom(int fd, std::filesystem::path directory, std::uint64_t map_bytes, std::uint64_t file_limit)
    : fd_(fd),
      directory_(std::move(directory)),
      reserve_bytes_(std::min(disk_reserve_bytes, std::min(map_bytes, file_limit) / 8 / least_bytes * least_bytes)),
      file_limit_(file_limit) {}

void DiskRoom::follow(std::uint64_t file_bytes) {
  if (!supported_ && file_bytes > file_bytes_) free_ -= std::min(free_, file_bytes - file_bytes_);
  file_bytes_ = std::max(file_bytes_, file_bytes);
  allocated_ = std::max(allocated_, file_bytes_);
  const std::uint64_t wanted = file_bytes_ + reserve_bytes_;
  if (!supported_ || fd_ < 0 || allocated_ >= wanted) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < ask_again_) return;
  // A little more than is missing, so that a file that grows does not ask at every commit; else what can be had. The first time
  // everything is asked for, whatever is free: an earlier process may have allocated it.
  const bool first = !std::exchange(asked_, true);
  const std::uint64_t most = first ? ~0ull : free_bytes();
  const std::uint64_t missing = wanted - allocated_, ahead = reserve_bytes_ / 4;
  if (missing + ahead > most || !allocate(wanted + ahead)) {
    for (std::uint64_t more = std::min(missing, most); more >= least_bytes && supported_; more /= 2) {
      if (allocated_ < wanted) allocate(std::min(allocated_ + more, wanted));
    }
  }
  if (allocated_ < wanted) ask_again_ = now + ask_interval;
}

bool DiskRoom::allocate(std::uint64_t end) {
  if (end > file_limit_) return false;
  const HeldSignal held;
  // From the start when this process has not allocated yet: pages that were never written are holes, and the blocks that an
  // earlier process allocated are found again.
  const std::uint64_t begin = allocated_ > file_bytes_ ? allocated_ : 0;
  int code = 0;
  do {
    code = ::fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin), static_cast<off_t>(end - begin));
  } while (code != 0 && errno == EINTR);
  if (code != 0) {
    supported_ = errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL;
    return false;
  }
  free_ -= std::min(free_, end - allocated_);
  allocated_ = end;
  return true;
}

std::uint64_t DiskRoom::allocated_bytes() const { return std::max(allocated_, file_bytes_); }

std::uint64_t DiskRoom::free_bytes() const {
  const auto now = std::chrono::steady_clock::now();
  if (now >= free_until_) {
    struct statvfs status {};
    if (::statvfs(directory_.c_str(), &status) == 0) free_ = std::uint64_t{status.f_bavail} * status.f_frsize;
    free_until_ = now + free_interval;
  }
  return free_;
}

}  // namespace ackwire::store
