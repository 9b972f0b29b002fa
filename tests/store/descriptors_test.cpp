// No file, socket or eventfd of the store gets the number of a standard descriptor: what a program prints would end in it.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "ackwire/process.hpp"
#include "lmdb_fixture.hpp"

namespace ackwire::store::testing {
namespace {

/// Reading and writing both say that there is nothing.
bool looks_closed(int number) {
  char byte = 'x';
  return ::read(number, &byte, 1) == -1 && errno == EBADF && ::write(number, &byte, 1) == -1 && errno == EBADF;
}

class StandardDescriptors : public LmdbStoreTest, public ::testing::WithParamInterface<int> {};

TEST_P(StandardDescriptors, AClosedOneStaysClosedToThePrograms) {
  const int closed = GetParam();  // bit n: descriptor n
  make_store(1);
  const std::string before = digest();
  const int ended = in_child([&] {
    for (int number = 0; number <= 2; ++number) {
      if ((closed >> number & 1) != 0) ::close(number);
    }
    if (open() != Errc::ok) return 1;
    for (int number = 0; number <= 2; ++number) {
      if ((closed >> number & 1) == 0) continue;
      if (!looks_closed(number)) return 10 + number;
      struct stat status {};
      if (::fstat(number, &status) != 0 || !S_ISDIR(status.st_mode)) return 20 + number;
      if ((::fcntl(number, F_GETFD) & FD_CLOEXEC) == 0) return 30 + number;
      ::dprintf(number, "%s", "printed by a program that does not know");
    }
    if (put("a", "1") != Errc::ok) return 2;
    close();
    return open() == Errc::ok && get("a") == "1" ? 0 : 3;
  });
  EXPECT_EQ(ended, 0);
  EXPECT_EQ(open(), Errc::ok) << refusal;
  EXPECT_EQ(get("row 1"), "value 1");
  EXPECT_NE(digest(), before);
}

INSTANTIATE_TEST_SUITE_P(EachAndAll, StandardDescriptors, ::testing::Values(1, 2, 4, 6, 7));

TEST(StandardDescriptorsOfTheProcess, OpenOnesAreLeftAloneAndCallingTwiceChangesNothing) {
  const int ended = in_child([] {
    if (::dup2(::open("/dev/zero", O_RDWR), 1) != 1) return 1;
    ::close(0);
    for (int call = 0; call < 2; ++call) keep_standard_descriptors();
    char byte = 'x';
    if (::read(1, &byte, 1) != 1 || byte != 0) return 2;
    if (!looks_closed(0)) return 3;
    // A program may put something in the place later, as daemons do.
    return ::dup2(1, 0) == 0 && ::read(0, &byte, 1) == 1 ? 0 : 4;
  });
  EXPECT_EQ(ended, 0);
}

}  // namespace
}  // namespace ackwire::store::testing
