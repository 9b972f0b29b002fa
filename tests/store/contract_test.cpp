// The contract of the store port. Every test runs on every store.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "store_under_test.hpp"

namespace ackwire::store::testing {
namespace {

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  Store& store() { return under_test_->store(); }
  void reopen() {
    open_.reset();
    under_test_->reopen();
  }

  /// The open transaction; begins one when there is none.
  Transaction& transaction() {
    if (!open_) {
      auto begun = store().begin();
      EXPECT_TRUE(begun.ok()) << (begun ? "" : begun.error().message);
      open_ = std::move(*begun);
    }
    return *open_;
  }
  void put(std::string_view key, std::string_view value, Table table = Table::state) { transaction().put(table, key, value); }
  bool erase(std::string_view key, Table table = Table::state) { return transaction().erase(table, key); }
  std::string get(std::string_view key, Table table = Table::state) {
    const auto value = transaction().get(table, key);
    return value ? std::string(*value) : "(none)";
  }
  std::string seek(std::string_view key, Table table = Table::state) {
    Row row;
    return transaction().seek(table, key, row) ? std::string(row.key) + "=" + std::string(row.value) : "(none)";
  }
  std::string seek_back(std::string_view key, Table table = Table::state) {
    Row row;
    return transaction().seek_back(table, key, row) ? std::string(row.key) + "=" + std::string(row.value) : "(none)";
  }
  void commit() {
    const Status done = transaction().commit();
    EXPECT_TRUE(done.ok()) << done.error().message;
    open_.reset();
  }
  void abandon() { open_.reset(); }

 private:
  std::unique_ptr<StoreUnderTest> under_test_ = GetParam().make();
  std::unique_ptr<Transaction> open_;
};

TEST_P(StoreContract, AnEmptyStoreHasNoRows) {
  EXPECT_EQ(get("a"), "(none)");
  EXPECT_EQ(seek("a"), "(none)");
  EXPECT_EQ(seek_back("z"), "(none)");
  EXPECT_FALSE(erase("a"));
}

TEST_P(StoreContract, ATransactionSeesItsOwnChanges) {
  put("a", "1");
  put("b", "2");
  EXPECT_EQ(get("a"), "1");
  put("a", "3");
  EXPECT_EQ(get("a"), "3");
  EXPECT_TRUE(erase("b"));
  EXPECT_EQ(get("b"), "(none)");
  EXPECT_FALSE(erase("b"));
}

TEST_P(StoreContract, CommittedChangesAreThereAfterReopening) {
  put("a", "1");
  commit();
  EXPECT_EQ(get("a"), "1");
  reopen();
  EXPECT_EQ(get("a"), "1");
}

TEST_P(StoreContract, DestroyingATransactionUndoesIt) {
  put("kept", "1");
  put("changed", "old");
  put("gone", "back");
  commit();
  put("new", "x");
  put("changed", "new");
  put("changed", "newer");
  EXPECT_TRUE(erase("gone"));
  put("gone", "in between");
  EXPECT_TRUE(erase("gone"));
  abandon();
  EXPECT_EQ(get("kept"), "1");
  EXPECT_EQ(get("changed"), "old");
  EXPECT_EQ(get("gone"), "back");
  EXPECT_EQ(get("new"), "(none)");
}

TEST_P(StoreContract, TablesAreApart) {
  for (std::size_t i = 0; i < table_count; ++i) put("key", std::to_string(i), static_cast<Table>(i));
  commit();
  for (std::size_t i = 0; i < table_count; ++i) EXPECT_EQ(get("key", static_cast<Table>(i)), std::to_string(i));
  EXPECT_TRUE(erase("key", Table::due));
  EXPECT_EQ(get("key", Table::due), "(none)");
  EXPECT_EQ(get("key", Table::dead), "5");
}

TEST_P(StoreContract, SeekFindsTheFirstKeyAtOrAbove) {
  for (const Table table : {Table::state, Table::blocks}) {
    for (const char* key : {"b", "d", "f"}) put(key, key, table);
    EXPECT_EQ(seek("a", table), "b=b");
    EXPECT_EQ(seek("b", table), "b=b");
    EXPECT_EQ(seek("c", table), "d=d");
    EXPECT_EQ(seek("f", table), "f=f");
    EXPECT_EQ(seek("g", table), "(none)");
  }
}

TEST_P(StoreContract, SeekBackFindsTheLastKeyAtOrBelow) {
  for (const Table table : {Table::state, Table::blocks}) {
    for (const char* key : {"b", "d", "f"}) put(key, key, table);
    EXPECT_EQ(seek_back("a", table), "(none)");
    EXPECT_EQ(seek_back("b", table), "b=b");
    EXPECT_EQ(seek_back("c", table), "b=b");
    EXPECT_EQ(seek_back("f", table), "f=f");
    EXPECT_EQ(seek_back("zzz", table), "f=f");
  }
}

TEST_P(StoreContract, KeysSortAsUnsignedBytesAndAShorterKeyFirst) {
  using namespace std::string_literals;
  const std::string keys[] = {"\0"s, "\0\0"s, "\x01"s, "a"s, "a\0"s, "aa"s, "b"s, "\x7f"s, "\x80"s, "\xff"s, "\xff\xff"s};
  for (auto key = std::rbegin(keys); key != std::rend(keys); ++key) put(*key, "v");
  commit();
  std::string at = "\0"s;
  for (const std::string& key : keys) {
    Row row;
    ASSERT_TRUE(transaction().seek(Table::state, at, row));
    EXPECT_EQ(row.key, key);
    at = key + '\0';
    if (key == "\0") at = "\0\0"s;
  }
}

TEST_P(StoreContract, KeysMayHave255Bytes) {
  const std::string longest(255, 'k');
  put(longest, "v");
  put(longest.substr(0, 254), "w");
  commit();
  EXPECT_EQ(get(longest), "v");
  EXPECT_EQ(seek(longest), longest + "=v");
}

TEST_P(StoreContract, AnEmptyValueIsAValue) {
  for (std::size_t i = 0; i < table_count; ++i) {
    put("key", "", static_cast<Table>(i));
    EXPECT_EQ(get("key", static_cast<Table>(i)), "");
    EXPECT_EQ(seek("key", static_cast<Table>(i)), "key=");
  }
}

TEST_P(StoreContract, ValuesOfEverySizeComeBackAsTheyWere) {
  const std::size_t kib = 1024;
  const std::size_t sizes[] = {1,        2000,         4095,         4096,          64 * kib - 18, 64 * kib - 17,
                               64 * kib, 64 * kib - 1, 64 * kib + 1, 128 * kib + 7, 1024 * kib,    16 * 1024 * kib};
  for (const Table table : {Table::state, Table::blocks, Table::retry, Table::dead}) {
    unsigned salt = 0;
    for (const std::size_t size : sizes) put("size " + std::to_string(size), pattern(size, ++salt), table);
    commit();
    reopen();
    salt = 0;
    for (const std::size_t size : sizes) {
      const std::string key = "size " + std::to_string(size);
      EXPECT_TRUE(get(key, table) == pattern(size, ++salt)) << size;
      Row row;
      ASSERT_TRUE(transaction().seek(table, key, row));
      EXPECT_TRUE(row.key == key && row.value == pattern(size, salt)) << size;
      ASSERT_TRUE(transaction().seek_back(table, key, row));
      EXPECT_TRUE(row.key == key && row.value == pattern(size, salt)) << size;
    }
    for (const std::size_t size : sizes) EXPECT_TRUE(erase("size " + std::to_string(size), table));
    EXPECT_EQ(seek("a", table), "(none)");
    commit();
  }
}

TEST_P(StoreContract, AValueMayGrowIntoPartsAndShrinkBack) {
  for (const std::size_t size : {10u, 300'000u, 70'000u, 200'000u, 5u, 65'536u}) {
    put("k", pattern(size), Table::blocks);
    EXPECT_TRUE(get("k", Table::blocks) == pattern(size)) << size;
    commit();
    EXPECT_TRUE(get("k", Table::blocks) == pattern(size)) << size;
  }
  put("k", pattern(400'000), Table::blocks);
  abandon();
  EXPECT_TRUE(get("k", Table::blocks) == pattern(65'536));
}

TEST_P(StoreContract, BigValuesWithRelatedKeysDoNotMix) {
  using namespace std::string_literals;
  const std::string keys[] = {"a"s, "a\0"s, "a\0\0"s, "a\0\0\0\0"s, "aa"s, "b"s};
  unsigned salt = 0;
  for (const std::string& key : keys) put(key, pattern(200'000, ++salt), Table::dead);
  put("a", pattern(200'000, 99), Table::retry);
  commit();
  EXPECT_TRUE(erase("a"s + '\0', Table::dead));
  salt = 0;
  for (const std::string& key : keys) {
    ++salt;
    if (salt == 2)
      EXPECT_EQ(get(key, Table::dead), "(none)");
    else
      EXPECT_TRUE(get(key, Table::dead) == pattern(200'000, salt)) << salt;
  }
  EXPECT_TRUE(get("a", Table::retry) == pattern(200'000, 99));
}

TEST_P(StoreContract, ViewsAreValidUntilTheNextChange) {
  put("a", pattern(100'000, 1), Table::blocks);
  put("b", pattern(100'000, 2), Table::blocks);
  put("c", "small");
  commit();
  const auto a = transaction().get(Table::blocks, "a");
  Row b;
  ASSERT_TRUE(transaction().seek(Table::blocks, "b", b));
  const auto c = transaction().get(Table::state, "c");
  EXPECT_TRUE(*a == pattern(100'000, 1));
  EXPECT_TRUE(b.value == pattern(100'000, 2));
  EXPECT_EQ(b.key, "b");
  EXPECT_EQ(*c, "small");
}

TEST_P(StoreContract, AViewMayBePutUnderAnotherKey) {
  for (const std::size_t size : {5u, 3'000u, 100'000u}) {
    put("from", pattern(size), Table::retry);
    const auto value = transaction().get(Table::retry, "from");
    transaction().put(Table::dead, "to", *value);
    EXPECT_TRUE(get("to", Table::dead) == pattern(size)) << size;
    Row row;
    ASSERT_TRUE(transaction().seek(Table::retry, "from", row));
    transaction().put(Table::retry, row.key, row.value);
    EXPECT_TRUE(get("from", Table::retry) == pattern(size)) << size;
    ASSERT_TRUE(transaction().seek(Table::retry, "a", row));
    EXPECT_TRUE(transaction().erase(Table::retry, row.key));
    EXPECT_EQ(get("from", Table::retry), "(none)");
  }
}

TEST_P(StoreContract, ATransactionThatChangedNothingCommits) {
  put("a", "1");
  commit();
  EXPECT_EQ(get("a"), "1");
  EXPECT_FALSE(erase("b"));
  commit();
  EXPECT_EQ(get("a"), "1");
}

TEST_P(StoreContract, ABrokenRuleFailsTheTransactionAndStoresNothing) {
  for (const std::string& key : {std::string(), std::string(256, 'k')}) {
    put("before", "1");
    put(key, "v");
    EXPECT_FALSE(transaction().status().ok());
    EXPECT_EQ(get("before"), "(none)") << "later calls do nothing";
    put("after", "1");
    EXPECT_FALSE(transaction().commit().ok());
    abandon();
    EXPECT_FALSE(store().begin().ok()) << "sticky";
    reopen();
    EXPECT_EQ(get("before"), "(none)");
    EXPECT_EQ(get("after"), "(none)");
    abandon();
  }
}

TEST_P(StoreContract, AFailedTransactionThatIsGivenUpIsStickyToo) {
  put("", "v");
  abandon();
  EXPECT_FALSE(store().begin().ok());
  reopen();
  EXPECT_EQ(get("a"), "(none)");
}

TEST_P(StoreContract, OnlyOneTransactionIsOpenAtATime) {
  transaction();
  EXPECT_FALSE(store().begin().ok());
  abandon();
  EXPECT_EQ(get("a"), "(none)");
}

TEST_P(StoreContract, IdentityStaysAndIsNotTheSecret) {
  const std::string id(store().id()), secret(store().secret());
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(secret.size(), 16u);
  EXPECT_NE(id, secret);
  reopen();
  EXPECT_EQ(store().id(), id);
  EXPECT_EQ(store().secret(), secret);
}

TEST_P(StoreContract, UsageRisesAndFalls) {
  put("a", "1");
  commit();
  const Usage empty = store().usage();
  for (int i = 0; i < 20; ++i) put("k" + std::to_string(i), pattern(64'000), Table::blocks);
  commit();
  const Usage full = store().usage();
  EXPECT_GE(full.used_bytes, empty.used_bytes + 20 * 64'000u);
  EXPECT_EQ(full.limit_bytes, empty.limit_bytes);
  EXPECT_LT(full.used_bytes, full.limit_bytes);
  EXPECT_GT(full.disk_free_bytes, 0u);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(erase("k" + std::to_string(i), Table::blocks));
  commit();
  EXPECT_LT(store().usage().used_bytes, full.used_bytes - 15 * 64'000u);
}

/// Random changes, commits, undos and reopenings against a plain map.
TEST_P(StoreContract, BehavesLikeAMapUnderRandomChanges) {
  using Rows = std::map<std::string, std::string>;
  std::array<Rows, table_count> durable, now;
  std::mt19937 random(7);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  for (int step = 0; step < 6'000; ++step) {
    const std::size_t index = below(table_count);
    const auto table = static_cast<Table>(index);
    Rows& rows = now[index];
    const std::string key = "k" + std::to_string(below(60));
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::string value = pattern(below(20) == 0 ? below(200'000) : below(300), static_cast<unsigned>(step));
        put(key, value, table);
        rows[key] = value;
        break;
      }
      case 4:
      case 5: EXPECT_EQ(erase(key, table), rows.erase(key) == 1); break;
      case 6: EXPECT_TRUE(get(key, table) == (rows.count(key) ? rows[key] : "(none)")) << step; break;
      case 7: {
        const auto expected = rows.lower_bound(key);
        EXPECT_TRUE(seek(key, table) == (expected == rows.end() ? "(none)" : expected->first + "=" + expected->second)) << step;
        break;
      }
      case 8: {
        auto expected = rows.upper_bound(key);
        const bool none = expected == rows.begin();
        if (!none) --expected;
        EXPECT_TRUE(seek_back(key, table) == (none ? "(none)" : expected->first + "=" + expected->second)) << step;
        break;
      }
      default:
        if (below(20) != 0) break;
        if (below(3) == 0) {
          abandon();
          now = durable;
        } else {
          commit();
          durable = now;
        }
        if (below(4) == 0) {
          reopen();
          now = durable;
        }
    }
  }
  commit();
  reopen();
  for (std::size_t index = 0; index < table_count; ++index) {
    std::string at = "\x01";
    Row row;
    for (const auto& [key, value] : now[index]) {
      ASSERT_TRUE(transaction().seek(static_cast<Table>(index), at, row));
      EXPECT_EQ(row.key, key);
      EXPECT_TRUE(row.value == value);
      at = key + '\x01';
    }
    EXPECT_FALSE(transaction().seek(static_cast<Table>(index), at, row));
  }
}

INSTANTIATE_TEST_SUITE_P(AllStores, StoreContract, ::testing::Values(memory_kind(), lmdb_kind()),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace ackwire::store::testing
