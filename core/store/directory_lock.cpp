#include "store/directory_lock.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

namespace ackwire::store {

/// Every directory that this process has open.
struct LockRegistry {
  std::mutex mutex;
  std::vector<DirectoryLock*> held;
  std::vector<FileId> reserved;  // locks being taken: the mutex is not held while the file system is asked

  static LockRegistry& instance() {
    static LockRegistry* const registry = [] {
      auto* made = new LockRegistry;  // never destroyed: a fork may come at any time
      pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); }, [] { instance().enter_child(); });
      return made;
    }();
    return *registry;
  }

  bool reserve(FileId directory) {
    const std::lock_guard guard(mutex);
    for (const FileId& taken : reserved) {
      if (taken == directory) return false;
    }
    reserved.push_back(directory);
    return true;
  }
  void add(DirectoryLock* lock) {
    const std::lock_guard guard(mutex);
    held.push_back(lock);
  }
  void remove(const DirectoryLock* lock) {
    const std::lock_guard guard(mutex);
    std::erase(held, lock);
  }
  void release(FileId directory) {
    const std::lock_guard guard(mutex);
    std::erase(reserved, directory);
  }

 private:
  // Closing the child's descriptor keeps the parent's lock and lets it end with the parent, not with the last child.
  void enter_child() {
    for (DirectoryLock* lock : held) {
      lock->forked_.store(true, std::memory_order_relaxed);
      lock->file_.close();
    }
    held.clear();
    reserved.clear();
    mutex.unlock();
  }
};

namespace {

std::string owner(int fd) {
  char text[24] = {};
  const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
  std::string pid;
  for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9'; ++i) pid.push_back(text[i]);
  return pid.empty() ? "another process" : "process " + pid;
}

Error in_use(const std::filesystem::path& directory, const std::string& who) {
  return {Errc::store_in_use, "The store in " + directory.string() + " is in use by " + who +
                                  ". Nothing was changed. Stop it first, or talk to it over its endpoint."};
}

bool mounted_read_only(const std::filesystem::path& directory) {
  struct statvfs status {};
  return ::statvfs(directory.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

/// Where nothing can be written: the lock file as it is, or the directory itself when there is none.
Result<File> open_unwritable(const std::filesystem::path& directory, std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) == 0) return open_file(path, O_RDONLY);
  path = directory;
  File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.open()) return io_error("open", directory, errno);
  return file;
}

/// Opens the lock file and locks it, until the path and the locked file are the same.
Result<File> open_locked(const std::filesystem::path& directory, std::filesystem::path path, bool read_only, bool& made) {
  const bool unwritable = read_only && mounted_read_only(directory);
  for (int attempt = 0; attempt < 10; ++attempt) {
    made = false;
    auto file = unwritable ? open_unwritable(directory, path) : open_file(path, O_RDWR);
    if (!file && !unwritable && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
      file = open_file(path, O_RDWR | O_CREAT);
      made = true;
    }
    if (!file) return std::move(file).error();
    while (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return in_use(directory, owner(file->fd()));
      if (errno != EINTR) return io_error("lock", path, errno);
    }
    const auto now = file_id(path);
    if (now && *now == file_id(file->fd())) return file;
  }
  return io_error(read_only ? "lock (it keeps being replaced)" : "lock (it keeps being replaced by another program)", path, EBUSY);
}

}  // namespace

Result<ProcessReservation> ProcessReservation::take(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return io_error("look at", directory, errno);
  const FileId id{status.st_dev, status.st_ino};
  if (!LockRegistry::instance().reserve(id)) return in_use(directory, "this process (" + std::to_string(::getpid()) + ")");
  return ProcessReservation(id);
}

ProcessReservation::~ProcessReservation() {
  if (held_) LockRegistry::instance().release(directory_);
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::filesystem::path& directory, bool read_only) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return io_error("look at", directory, errno);
  const FileId id{status.st_dev, status.st_ino};
  LockRegistry& registry = LockRegistry::instance();
  if (!registry.reserve(id)) return in_use(directory, "this process (" + std::to_string(::getpid()) + ")");

  const std::filesystem::path path = directory / lock_name;
  bool made = false;
  auto file = open_locked(directory, path, read_only, made);
  if (!file) {
    registry.release(id);
    return std::move(file).error();
  }
  if (!read_only) {
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file->fd(), 0) != 0 || !write_at(file->fd(), pid, 0)) {
      // A full disk may not keep the broker from starting and draining: the lock itself holds, only its owner stays unnamed.
      if (errno != ENOSPC && errno != EDQUOT) {
        registry.release(id);
        return io_error("write", path, errno);
      }
    }
  }
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(std::move(*file), path, id));
  lock->remove_file_ = read_only && made;
  registry.add(lock.get());
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (forked()) return;
  LockRegistry& registry = LockRegistry::instance();
  registry.remove(this);
  if (remove_file_) ::unlink(path_.c_str());
  file_.close();
  registry.release(directory_);
}

}  // namespace ackwire::store
