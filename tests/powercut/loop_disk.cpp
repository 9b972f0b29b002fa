#include "loop_disk.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>
#include <utility>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "../kill/child.hpp"

namespace powercut {
namespace {

// include/uapi/linux/ext4.h, which not every distribution installs.
constexpr unsigned long ext4_shutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t without_log_flush = 2;

constexpr std::chrono::milliseconds format_most{60'000}, unmount_most{30'000}, look_again{20};
constexpr int attach_tries = 20;  // another process may take the free device first

}  // namespace

LoopDisk::LoopDisk(const std::filesystem::path& image, const std::filesystem::path& mount_point, std::uint64_t bytes)
    : mount_point_(mount_point) {
  if (::geteuid() != 0) {
    trouble_ = "it takes root to mount a file system";
    return;
  }
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    fail("have mounts of its own");
    return;
  }
  std::filesystem::create_directories(mount_point_);
  const int fd = ::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    fail("make an image");
    return;
  }
  ::close(fd);
  const std::string mkfs = ::access("/sbin/mkfs.ext4", X_OK) == 0 ? "/sbin/mkfs.ext4" : "/usr/sbin/mkfs.ext4";
  kill_test::Child format({mkfs, "-q", "-F", image.string()}, image.string() + ".log");
  if (format.wait(format_most) != 0) {
    trouble_ = "cannot make an ext4 file system with " + mkfs;
    return;
  }
  if (!attach(image) || !mount_it(false)) return;
  std::uint32_t nothing = ~0u;  // an operation that it does not know, to see that it knows the ioctl at all
  const int root = ::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 || ::ioctl(root, ext4_shutdown, &nothing) == 0 || errno != EINVAL) fail("cut the power by EXT4_IOC_SHUTDOWN");
  if (root >= 0) ::close(root);
}

LoopDisk::~LoopDisk() {
  if (mounted_) ::umount2(mount_point_.c_str(), MNT_DETACH);
  if (device_fd_ >= 0) ::close(device_fd_);  // the device clears itself
}

bool LoopDisk::fail(const std::string& what) {
  trouble_ = "cannot " + what + ": " + std::strerror(errno);
  return false;
}

bool LoopDisk::attach(const std::filesystem::path& image) {
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return fail("open /dev/loop-control");
  const int file = ::open(image.c_str(), O_RDWR | O_CLOEXEC);
  bool attached = false;
  for (int i = 0; i < attach_tries && !attached; ++i) {
    const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) break;
    device_ = "/dev/loop" + std::to_string(number);
    device_fd_ = ::open(device_.c_str(), O_RDWR | O_CLOEXEC);
    if (device_fd_ < 0) break;
    attached = ::ioctl(device_fd_, LOOP_SET_FD, file) == 0;
    if (attached) break;
    const int why = errno;
    ::close(std::exchange(device_fd_, -1));
    errno = why;
    if (why != EBUSY) break;
  }
  loop_info64 info{};
  info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (attached) ::ioctl(device_fd_, LOOP_SET_STATUS64, &info);
  if (!attached) fail("attach a loop device");
  ::close(file);
  ::close(control);
  return attached;
}

bool LoopDisk::mount_it(bool read_only) {
  if (::mount(device_.c_str(), mount_point_.c_str(), "ext4", read_only ? MS_RDONLY : 0, nullptr) != 0)
    return fail("mount " + device_);
  mounted_ = true;
  return true;
}

bool LoopDisk::cut() {
  std::uint32_t flags = without_log_flush;
  const int root = ::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = root >= 0 && ::ioctl(root, ext4_shutdown, &flags) == 0;
  if (!done) fail("cut the power");
  if (root >= 0) ::close(root);
  return done;
}

bool LoopDisk::restore(bool read_only) {
  const auto deadline = std::chrono::steady_clock::now() + unmount_most;
  while (mounted_ && ::umount2(mount_point_.c_str(), 0) != 0) {
    if (errno != EBUSY || std::chrono::steady_clock::now() > deadline) return fail("unmount");
    std::this_thread::sleep_for(look_again);
  }
  mounted_ = false;
  return mount_it(read_only);
}

}  // namespace powercut
