#include "frame/file_limit.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ackwire::cli {
namespace {

constexpr rlim_t enough_files = 65'536;
constexpr rlim_t own_files = 64;  // store, log, sockets that listen, ZeroMQ's own; with room to spare

}  // namespace

void raise_file_limit(ServeLog& log, std::uint32_t max_sessions) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = limit.rlim_max == RLIM_INFINITY ? enough_files : std::min(enough_files, limit.rlim_max);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
    const rlim_t before = std::exchange(limit.rlim_cur, wanted);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      log.tell(LogLevel::warn, "open_files", fmt::format("cannot raise the limit of open files: {}", std::strerror(errno)));
      limit.rlim_cur = before;
    }
  }
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < max_sessions + own_files) {
    log.tell(LogLevel::warn, "open_files",
             fmt::format("{} open files are allowed, {} sessions need about {}: raise the limit (ulimit -n, LimitNOFILE) or lower "
                         "max_sessions",
                         limit.rlim_cur, max_sessions, max_sessions + own_files));
  }
}

}  // namespace ackwire::cli
