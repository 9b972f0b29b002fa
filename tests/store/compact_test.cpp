// A compaction gives the free pages back and nothing else away: whatever ends or fails on the way, one whole store is there.
#include <cerrno>
#include <functional>

#include "lmdb_fixture.hpp"
#include "store/lmdb_compact.hpp"
#include "store/lmdb_header.hpp"
#include "system_calls.hpp"

namespace ackwire::store::testing {
namespace {

class CompactingAStore : public LmdbStoreTest {
 protected:
  /// Mostly free pages, with rows of every kind of size left.
  void make_sparse(int big = 40) {
    ASSERT_EQ(open(), Errc::ok) << refusal;
    commit([&](Transaction& all) {
      for (int i = 0; i < big; ++i) all.put(Table::blocks, "m" + std::to_string(i), pattern(300'000));
      for (int i = 0; i < 40; ++i) all.put(Table::state, "s" + std::to_string(i), pattern(static_cast<std::size_t>(i) * 211));
    });
    commit([&](Transaction& all) {
      for (int i = 3; i < big; ++i) all.erase(Table::blocks, "m" + std::to_string(i));
    });
    rows_ = rows();
    close();
  }
  void commit(const std::function<void(Transaction&)>& act) {
    auto transaction = std::move(*store().begin());
    act(*transaction);
    ASSERT_TRUE(transaction->commit().ok());
  }
  /// Every row of every table.
  std::string rows() {
    auto transaction = std::move(*store().begin());
    std::string all;
    for (std::size_t table = 0; table < table_count; ++table) {
      std::string at;
      Row row;
      while (transaction->seek(static_cast<Table>(table), at, row)) {
        all.append(std::to_string(table)).append(row.key).append(row.value);
        at.assign(row.key).push_back('\0');
      }
    }
    return all;
  }
  void expect_whole(const std::string& when) {
    ASSERT_EQ(open(), Errc::ok) << when << ": " << refusal;
    EXPECT_TRUE(rows() == rows_) << when;
    EXPECT_FALSE(std::filesystem::exists(file(compacted_name))) << when;
    commit([&](Transaction& one) { one.put(Table::history, "after", when); });
    rows_ = rows();
    close();
  }
  std::string rows_;
};

TEST_F(CompactingAStore, GivesBackWhatIsFreeAndKeepsEveryRow) {
  make_sparse();
  const auto before = std::filesystem::file_size(file("data.mdb"));
  const auto done = compact_lmdb(directory(), {});
  ASSERT_TRUE(done.ok()) << done.error().message;
  const auto after = std::filesystem::file_size(file("data.mdb"));
  EXPECT_LT(after, 2u << 20);
  EXPECT_GT(before, 10u << 20);
  EXPECT_GE(done->bytes_before - done->bytes_after, before - after - (1u << 20)) << "on the disk as well";
  expect_whole("after it");
  const auto again = compact_lmdb(directory(), {});
  ASSERT_TRUE(again.ok()) << again.error().message;
  expect_whole("after a second one");
}

TEST_F(CompactingAStore, I20_TheFileOfBeforeIsRefusedAfterwards) {
  make_sparse();
  const std::string before = bytes_of(file("data.mdb"));
  const std::uint64_t commits = check_data_file(file("data.mdb"))->commits;
  ASSERT_TRUE(compact_lmdb(directory(), {}).ok());
  EXPECT_GT(check_data_file(file("data.mdb"))->commits, commits);
  const std::string compacted = bytes_of(file("data.mdb"));
  overwrite(file("data.mdb"), 0, before);
  EXPECT_EQ(open(), Errc::store_rollback) << refusal;
  std::filesystem::resize_file(file("data.mdb"), compacted.size());
  overwrite(file("data.mdb"), 0, compacted);
  expect_whole("put back");
}

TEST_F(CompactingAStore, AnEndAtAnyCallLeavesOneWholeStore) {
  make_sparse(8);
  SystemCalls calls;
  int cuts = 0;
  for (int call = 1;; ++call) {
    const int ended = in_child([&] {
      calls.exit_before(call);
      return compact_lmdb(directory(), {}).ok() ? 0 : 1;
    });
    if (ended == 0) break;
    ASSERT_EQ(ended, 42) << call;
    ++cuts;
    expect_whole("cut before call " + std::to_string(call));
    ASSERT_LT(call, 300);
  }
  EXPECT_GE(cuts, 6);
}

TEST_F(CompactingAStore, AFailureAtAnyCallLeavesOneWholeStoreAndSaysSo) {
  make_sparse(8);
  int failures = 0;
  for (const int error_number : {EIO, ENOSPC}) {
    for (int call = 1;; ++call) {
      bool struck = false;
      {
        SystemCalls calls;
        calls.fail_call(call, error_number);
        const auto done = compact_lmdb(directory(), {});
        struck = calls.struck();
        if (!done.ok()) {
          ++failures;
          const std::string& text = done.error().message;
          EXPECT_TRUE(text.find("as it was") != std::string::npos || text.find("changed") != std::string::npos ||
                      text.find("whole either way") != std::string::npos)
              << text;
        }
      }
      expect_whole("call " + std::to_string(call) + " failed");
      if (!struck) break;
      ASSERT_LT(call, 300);
    }
  }
  EXPECT_GE(failures, 8);
}

TEST_F(CompactingAStore, ADiskWithoutRoomForTheCopyIsSaidBefore) {
  make_sparse();
  const std::string before = digest();
  SystemCalls calls;
  calls.set_disk_free(100'000);
  const auto done = compact_lmdb(directory(), {});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Errc::store_full);
  EXPECT_NE(done.error().message.find("98304 bytes free"), std::string::npos) << done.error().message;
  EXPECT_TRUE(digest() == before);
}

TEST_F(CompactingAStore, NotWhileItIsOpenAndNotWhatIsNoStore) {
  make_sparse(4);
  ASSERT_EQ(open(), Errc::ok);
  EXPECT_EQ(compact_lmdb(directory(), {}).error().code, Errc::store_in_use);
  close();
  EXPECT_EQ(compact_lmdb(beside("nowhere"), {}).error().code, Errc::store_invalid);
  EXPECT_FALSE(std::filesystem::exists(beside("nowhere")));
}

}  // namespace
}  // namespace ackwire::store::testing
