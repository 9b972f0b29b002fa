#include "api/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ackwire::api {
namespace {

constexpr std::size_t place_bytes = 1024;
constexpr std::size_t line_bytes_max = 64 * 1024;

Error cannot(const char* what) {
  return {Errc::io, std::string("Cannot ") + what + ": " + std::strerror(errno) +
                        ". Nothing was read or changed. Free memory, descriptors "
                        "or processes, and try again."};
}

struct Shared {
  char* bytes = static_cast<char*>(::mmap(nullptr, place_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  bool good() const { return bytes != MAP_FAILED; }
  ~Shared() {
    if (good()) ::munmap(bytes, place_bytes);
  }
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

bool read_all(int fd, char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(fd, bytes, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

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
  char* at = place_;
  char* const end = place_ + place_bytes - 3;
  for (std::size_t i = 0; i < table.size() && at < end; ++i) *at++ = table[i];
  if (!key.empty() && at < end) *at++ = ' ';
  for (std::size_t i = 0; i < key.size() && at < end; ++i) {
    *at++ = digits[static_cast<unsigned char>(key[i]) >> 4];
    *at++ = digits[static_cast<unsigned char>(key[i]) & 15];
  }
  *at = '\0';
}

Result<ChildEnd> run_in_child(const std::function<void(const Tell&)>& work,
                              const std::function<void(char kind, std::string_view text)>& hear) {
  const Shared place;
  if (!place.good()) return cannot("map memory for a child process");
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
    work(Tell(ends[1], place.bytes));
    ::_exit(0);
  }
  ::close(ends[1]);
  char head[5];
  std::string text;
  while (read_all(ends[0], head, sizeof head)) {
    std::uint32_t size = 0;
    std::memcpy(&size, head + 1, sizeof size);
    text.resize(std::min<std::size_t>(size, line_bytes_max));
    if (!read_all(ends[0], text.data(), text.size())) break;
    hear(head[0], text);
  }
  ::close(ends[0]);
  ChildEnd end;
  int status = 0;
  pid_t waited = -1;
  do waited = ::waitpid(child, &status, 0);
  while (waited < 0 && errno == EINTR);
  if (waited == child && WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  place.bytes[place_bytes - 1] = '\0';
  end.place = place.bytes;
  return end;
}

}  // namespace ackwire::api
