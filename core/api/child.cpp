#include "api/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ackwire::api {

constexpr std::size_t place_bytes = 1024;

/// In memory that child and parent share.
struct SharedPlace {
  std::atomic<std::uint64_t> changes;
  char text[place_bytes];
};

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t line_bytes_max = 64 * 1024;

Error cannot(const char* what) {
  return {Errc::io, std::string("Cannot ") + what + ": " + std::strerror(errno) +
                        ". Nothing was read or changed. Free memory, descriptors "
                        "or processes, and try again."};
}

/// Zeroed by the kernel, which is how a SharedPlace begins.
class Shared {
 public:
  Shared() : at_(::mmap(nullptr, sizeof(SharedPlace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~Shared() {
    if (good()) ::munmap(at_, sizeof(SharedPlace));
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  bool good() const { return at_ != MAP_FAILED; }
  SharedPlace& place() const { return *static_cast<SharedPlace*>(at_); }

 private:
  void* at_;
};

bool write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = ::write(fd, bytes, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

/// What the parent hears of the child, as long as it gets on.
class Ear {
 public:
  Ear(int pipe, const SharedPlace& place, std::chrono::milliseconds limit) : pipe_(pipe), place_(place), limit_(limit) {}
  /// False: the child has closed its end, or is stuck.
  bool read_all(char* bytes, std::size_t size) {
    while (size > 0) {
      if (!wait()) return false;
      const ssize_t got = ::read(pipe_, bytes, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      bytes += got;
      size -= static_cast<std::size_t>(got);
      since_ = Clock::now();
    }
    return true;
  }
  bool stuck() const { return stuck_; }

 private:
  bool wait() {
    while (true) {
      pollfd event{pipe_, POLLIN, 0};
      const int ready = ::poll(&event, 1, static_cast<int>(std::max<std::chrono::milliseconds::rep>(limit_.count() / 4, 1)));
      if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // read() tells the rest
      const std::uint64_t changes = place_.changes.load(std::memory_order_relaxed);
      if (std::exchange(seen_, changes) != changes) since_ = Clock::now();
      stuck_ = Clock::now() - since_ >= limit_;
      if (stuck_) return false;
    }
  }

  const int pipe_;
  const SharedPlace& place_;
  const std::chrono::milliseconds limit_;
  std::uint64_t seen_ = 0;
  Clock::time_point since_ = Clock::now();
  bool stuck_ = false;
};

/// The child's end is told by its parent, not by handlers, core files or words of a library.
void prepare_child() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGPIPE}) ::signal(number, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const int silence = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (silence >= 0) ::dup2(silence, STDERR_FILENO);
}

}  // namespace

void Tell::line(char kind, std::string_view text) const {
  text = text.substr(0, line_bytes_max);
  const auto size = static_cast<std::uint32_t>(text.size());
  char head[5] = {kind};
  std::memcpy(head + 1, &size, sizeof size);
  if (!write_all(pipe_, head, sizeof head) || !write_all(pipe_, text.data(), text.size())) ::_exit(1);
}

void Tell::place(std::string_view table, std::string_view key) const {
  static constexpr char digits[] = "0123456789abcdef";
  char* at = place_.text;
  char* const end = place_.text + place_bytes - 3;
  for (std::size_t i = 0; i < table.size() && at < end; ++i) *at++ = table[i];
  if (!key.empty() && at < end) *at++ = ' ';
  for (std::size_t i = 0; i < key.size() && at < end; ++i) {
    *at++ = digits[static_cast<unsigned char>(key[i]) >> 4];
    *at++ = digits[static_cast<unsigned char>(key[i]) & 15];
  }
  *at = '\0';
  place_.changes.fetch_add(1, std::memory_order_relaxed);
}

Result<ChildEnd> run_in_child(const std::function<void(const Tell&)>& work,
                              const std::function<void(char kind, std::string_view text)>& hear, std::chrono::milliseconds limit) {
  const Shared shared;
  if (!shared.good()) return cannot("map memory for a child process");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe to a child process");
  const pid_t child = ::fork();
  if (child < 0) {
    const Error error = cannot("start a child process");
    ::close(ends[0]);
    ::close(ends[1]);
    return error;
  }
  if (child == 0) {
    ::close(ends[0]);
    prepare_child();
    work(Tell(ends[1], shared.place()));
    ::_exit(0);
  }
  ::close(ends[1]);
  Ear ear(ends[0], shared.place(), limit);
  char head[5];
  std::string text;
  while (ear.read_all(head, sizeof head)) {
    std::uint32_t size = 0;
    std::memcpy(&size, head + 1, sizeof size);
    text.resize(std::min<std::size_t>(size, line_bytes_max));
    if (!ear.read_all(text.data(), text.size())) break;
    hear(head[0], text);
  }
  ::close(ends[0]);
  ChildEnd end;
  end.stuck = ear.stuck();
  if (end.stuck) ::kill(child, SIGKILL);
  int status = 0;
  pid_t waited = -1;
  do waited = ::waitpid(child, &status, 0);
  while (waited < 0 && errno == EINTR);
  if (waited == child && WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  shared.place().text[place_bytes - 1] = '\0';
  end.place = shared.place().text;
  return end;
}

}  // namespace ackwire::api
