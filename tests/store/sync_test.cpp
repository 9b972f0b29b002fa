// A commit that returned ok was synced: pages first, then the meta page. A kill cannot show this, because the page cache outlives
// the process; so the system calls are watched. An environment that is opened without syncs must be caught by the same check.
#include <lmdb.h>

#include <cerrno>

#include "lmdb_fixture.hpp"
#include "store/lmdb_testing.hpp"
#include "system_calls.hpp"

namespace ackwire::store::testing {
namespace {

constexpr std::uint64_t meta_pages_bytes = 2 * 4096;

/// What is wrong with the calls of one commit; empty when everything was synced in order.
std::string flaw(const std::vector<CallSeen>& calls) {
  bool pages_written = false, pages_synced = false, meta_synced = false;
  for (const CallSeen& call : calls) {
    if (!call.to_data_file) continue;
    if (call.call == Call::sync) {
      pages_synced = call.ok && pages_written;
    } else if (call.call == Call::write && call.offset >= meta_pages_bytes) {
      if (meta_synced) return "a page was written after the meta page";
      pages_written = true;
      pages_synced = call.synced_descriptor;
    } else if (call.call == Call::write) {
      if (!pages_synced) return "the meta page was written before the pages were synced";
      if (!call.synced_descriptor) return "the meta page was written without a sync";
      meta_synced = true;
    }
  }
  if (!pages_written) return "nothing was written";
  return meta_synced ? "" : "the meta page was not written";
}

class SyncedCommits : public LmdbStoreTest {
 protected:
  SystemCalls calls_;
};

TEST_F(SyncedCommits, I1_EveryCommitSyncsItsPagesThenItsMetaPage) {
  ASSERT_EQ(open(), Errc::ok) << refusal;
  for (int i = 0; i < 40; ++i) {
    calls_.forget();
    ASSERT_EQ(put("k" + std::to_string(i % 7), pattern(static_cast<std::size_t>(i) * 5'000), Table::blocks), Errc::ok);
    EXPECT_EQ(flaw(calls_.seen()), "") << "commit " << i;
  }
}

TEST_F(SyncedCommits, PlantedBug_AnEnvironmentWithoutSyncsIsCaught) {
  make_store();
  for (const unsigned flags : {MDB_NOSYNC, MDB_NOMETASYNC, MDB_NOSYNC | MDB_NOMETASYNC}) {
    auto wrong = open_lmdb_wrongly(directory(), {}, flags);
    ASSERT_TRUE(wrong.ok());
    auto transaction = std::move(*(*wrong)->begin());
    transaction->put(Table::state, "k", "v");
    calls_.forget();
    ASSERT_TRUE(transaction->commit().ok());
    EXPECT_NE(flaw(calls_.seen()), "") << "flags " << flags;
    transaction.reset();
  }
}

TEST_F(SyncedCommits, ACommitThatChangedNothingDoesNotTouchTheDisk) {
  ASSERT_EQ(open(), Errc::ok);
  ASSERT_EQ(put("a", "1"), Errc::ok);
  calls_.forget();
  auto transaction = std::move(*store().begin());
  EXPECT_TRUE(transaction->get(Table::state, "a"));
  EXPECT_FALSE(transaction->erase(Table::state, "b"));
  EXPECT_TRUE(transaction->commit().ok());
  EXPECT_TRUE(calls_.seen().empty());
}

TEST_F(SyncedCommits, I18_B42_AFailedSyncIsStickyUntilReopened) {
  ASSERT_EQ(open(), Errc::ok);
  ASSERT_EQ(put("a", "1"), Errc::ok);
  calls_.fail_next(Call::sync, EIO);
  EXPECT_EQ(put("a", "2"), Errc::failed);
  EXPECT_NE(refusal.find("data.mdb"), std::string::npos) << refusal;
  EXPECT_NE(refusal.find("(5)"), std::string::npos) << "names errno: " << refusal;
  EXPECT_NE(refusal.find("open the store again"), std::string::npos) << "says what to do: " << refusal;
  EXPECT_EQ(put("a", "3"), Errc::failed);
  EXPECT_EQ(get("a"), "(failed)");
  close();
  ASSERT_EQ(open(), Errc::ok) << refusal;
  EXPECT_EQ(get("a"), "1");
}

TEST_F(SyncedCommits, I18_AFailedWriteOrMetaWriteIsStickyToo) {
  for (const bool meta : {false, true}) {
    for (const int error_number : {EIO, ENOSPC}) {
      if (!meta && error_number == ENOSPC) continue;  // nothing was stored: see below
      ASSERT_EQ(open(), Errc::ok) << refusal;
      ASSERT_EQ(put("a", "1"), Errc::ok);
      calls_.fail_next(Call::write, error_number, meta);
      EXPECT_EQ(put("a", "2"), Errc::failed) << meta << " " << error_number;
      EXPECT_EQ(put("a", "3"), Errc::failed);
      close();
      ASSERT_EQ(open(), Errc::ok) << refusal;
      EXPECT_EQ(get("a"), "1");
      close();
    }
  }
}

TEST_F(SyncedCommits, I17_B41_AFullDiskStoresNothingAndTheStoreGoesOn) {
  ASSERT_EQ(open(), Errc::ok);
  ASSERT_EQ(put("a", "1"), Errc::ok);
  for (const Call call : {Call::write, Call::sync}) {
    for (const int error_number : {ENOSPC, EDQUOT, EFBIG}) {
      calls_.fail_next(call, error_number);
      EXPECT_EQ(put("a", "2"), Errc::store_full) << error_number;
      EXPECT_NE(refusal.find("Nothing of this transaction was stored"), std::string::npos) << refusal;
      EXPECT_EQ(get("a"), "1");
      calls_.forget();
      EXPECT_EQ(put("b", "2"), Errc::ok) << refusal;
      EXPECT_EQ(flaw(calls_.seen()), "");
    }
  }
  close();
  ASSERT_EQ(open(), Errc::ok);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "2");
}

TEST_F(SyncedCommits, L5_AShortWriteIsAFullDiskWhenTheDiskIsFullAndAFailureOtherwise) {
  ASSERT_EQ(open(), Errc::ok);
  ASSERT_EQ(put("a", "1"), Errc::ok);
  calls_.set_disk_free(8'192);
  calls_.cut_next_write();
  EXPECT_EQ(put("a", "2"), Errc::store_full) << refusal;
  EXPECT_EQ(put("a", "3"), Errc::ok) << refusal;
  calls_.set_disk_free(1ull << 40);
  calls_.cut_next_write();
  EXPECT_EQ(put("a", "4"), Errc::failed) << refusal;
  close();
  ASSERT_EQ(open(), Errc::ok);
  EXPECT_EQ(get("a"), "3");
}

TEST_F(SyncedCommits, B34_ACutAtAnyCallOfTheFirstStartIsCleanlyRedone) {
  int cuts = 0;
  for (int call = 1;; ++call) {
    std::filesystem::remove_all(directory());
    const int ended = in_child([&] {
      calls_.exit_before(call);
      return open() == Errc::ok ? 0 : 1;
    });
    if (ended == 0) break;
    ASSERT_EQ(ended, 42);
    ++cuts;
    ASSERT_EQ(open(), Errc::ok) << "cut before call " << call << ": " << refusal;
    EXPECT_EQ(get("a"), "(none)");
    ASSERT_EQ(put("a", "1"), Errc::ok);
    close();
    ASSERT_EQ(open(), Errc::ok) << refusal;
    EXPECT_EQ(get("a"), "1");
    close();
    EXPECT_FALSE(std::filesystem::exists(file("creating")));
    ASSERT_LT(call, 200);
  }
  EXPECT_GE(cuts, 15) << "the creation has that many steps";
}

}  // namespace
}  // namespace ackwire::store::testing
