// What a store says of its room: the pages of its file, a reserve that is really allocated behind it, and what the disk has.
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "lmdb_fixture.hpp"
#include "store/disk_room.hpp"
#include "system_calls.hpp"

namespace ackwire::store::testing {
namespace {

class RoomOfAStore : public LmdbStoreTest {
 protected:
  std::uint64_t allocated_on_disk() const {
    struct stat status {};
    EXPECT_EQ(::stat(file("data.mdb").c_str(), &status), 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  SystemCalls calls_;
};

TEST_F(RoomOfAStore, I17_TheReserveIsOnTheDiskAndStaysThereWhileTheFileGrows) {
  ASSERT_EQ(open(), Errc::ok) << refusal;
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(put("m" + std::to_string(i), pattern(4 << 20), Table::blocks), Errc::ok) << refusal;
    ASSERT_EQ(put("a", "1"), Errc::ok);  // the turn after it follows
    const Usage usage = store().usage();
    EXPECT_EQ(usage.reserve_bytes, disk_reserve_bytes);
    EXPECT_GE(usage.allocated_bytes, usage.used_bytes + usage.reserve_bytes);
    EXPECT_GE(allocated_on_disk() + 64 * 1024, usage.allocated_bytes);
  }
  close();
  EXPECT_LT(std::filesystem::file_size(file("data.mdb")), allocated_on_disk()) << "the length is that of the data";
  ASSERT_EQ(open(), Errc::ok) << refusal;
}

TEST_F(RoomOfAStore, I17_FreePagesInTheFileAreRoom) {
  ASSERT_EQ(open(), Errc::ok) << refusal;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(put("m" + std::to_string(i), pattern(8 << 20), Table::blocks), Errc::ok) << refusal;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(erase("m" + std::to_string(i), Table::blocks), Errc::ok) << refusal;
  const Usage usage = store().usage();
  EXPECT_LT(usage.used_bytes, 1u << 20);
  EXPECT_GT(usage.file_bytes, 20u << 20);
  EXPECT_GE(usage.allocated_bytes, usage.file_bytes + usage.reserve_bytes);
}

TEST_F(RoomOfAStore, ASmallMapHasASmallReserve) {
  LmdbOptions small;
  small.map_bytes = 4 << 20;
  ASSERT_EQ(open(small), Errc::ok) << refusal;
  EXPECT_EQ(store().usage().reserve_bytes, 512u * 1024);
}

TEST_F(RoomOfAStore, ADiskThatRefusesIsAskedAgainAndTheStoreGoesOn) {
  make_store(1);
  calls_.fail_allocations(ENOSPC);
  ASSERT_EQ(open(), Errc::ok) << refusal;
  ASSERT_EQ(put("a", "1"), Errc::ok) << refusal;
  EXPECT_LT(store().usage().allocated_bytes, store().usage().reserve_bytes);
  calls_.fail_allocations(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  ASSERT_EQ(put("a", "2"), Errc::ok) << refusal;
  EXPECT_GE(store().usage().allocated_bytes, store().usage().used_bytes + store().usage().reserve_bytes);
}

TEST_F(RoomOfAStore, ALockFileThatTheDiskHasNoRoomForIsRefusedInsteadOfASignal) {
  make_store(1);
  std::filesystem::remove(file("lock.mdb"));
  const std::string before = digest();
  calls_.fail_allocations(ENOSPC);
  EXPECT_EQ(open(), Errc::store_full);
  EXPECT_NE(refusal.find("lock.mdb"), std::string::npos) << refusal;
  EXPECT_TRUE(digest() == before);
  calls_.fail_allocations(0);
  EXPECT_EQ(open(), Errc::ok) << refusal;
}

TEST_F(RoomOfAStore, AFileSystemThatCannotAllocateAheadHasNoReserveAndWorks) {
  calls_.fail_allocations(EOPNOTSUPP);
  ASSERT_EQ(open(), Errc::ok) << refusal;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(put("m" + std::to_string(i), pattern(1 << 20), Table::blocks), Errc::ok) << refusal;
  ASSERT_EQ(put("a", "1"), Errc::ok) << refusal;
  const Usage usage = store().usage();
  EXPECT_GE(usage.allocated_bytes, usage.used_bytes);
  EXPECT_LT(usage.allocated_bytes, usage.used_bytes + usage.reserve_bytes);
}

TEST_F(RoomOfAStore, AFreeDiskIsLookedAtAgain) {
  ASSERT_EQ(open(), Errc::ok) << refusal;
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  calls_.set_disk_free(12ull << 20);
  EXPECT_LE(store().usage().disk_free_bytes, 12ull << 20);
  calls_.set_disk_free(1ull << 40);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_GT(store().usage().disk_free_bytes, 1ull << 39);
}

}  // namespace
}  // namespace ackwire::store::testing
