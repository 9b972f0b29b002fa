// A descriptor made with O_PATH has a number and nothing else: whoever reads or writes it gets EBADF, as if it were closed.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "ackwire/process.hpp"

namespace ackwire {

void keep_standard_descriptors() noexcept {
  const int before = errno;
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    const int held = ::open("/", O_PATH | O_CLOEXEC);  // the lowest number that is free, which is this one
    if (held > STDERR_FILENO) ::close(held);           // another thread was quicker
  }
  errno = before;
}

}  // namespace ackwire
