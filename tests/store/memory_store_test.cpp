// What only the memory store does: faults and power cuts.
#include "store/memory_store.hpp"

#include <gtest/gtest.h>

namespace ackwire::store {
namespace {

class MemoryStoreFaults : public ::testing::Test {
 protected:
  Status put(std::string_view key, std::string_view value, CommitFault fault = CommitFault::none) {
    store_->fault_next_commit(fault);
    auto transaction = store_->begin();
    if (!transaction) return transaction.error();
    (*transaction)->put(Table::state, key, value);
    return (*transaction)->commit();
  }
  std::string get(std::string_view key) {
    auto transaction = store_->begin();
    if (!transaction) return "(" + std::string(name(transaction.error().code)) + ")";
    const auto value = (*transaction)->get(Table::state, key);
    return value ? std::string(*value) : "(none)";
  }
  std::unique_ptr<MemoryStore> store_ = MemoryStore::make(1, 100'000);
};

TEST_F(MemoryStoreFaults, AFullDiskStoresNothingAndTheStoreGoesOn) {
  ASSERT_TRUE(put("a", "1").ok());
  EXPECT_EQ(put("a", "2", CommitFault::full).error().code, Errc::store_full);
  EXPECT_EQ(get("a"), "1");
  EXPECT_TRUE(put("a", "3").ok());
  EXPECT_EQ(get("a"), "3");
}

TEST_F(MemoryStoreFaults, AFailedCommitIsStickyUntilTheCrash) {
  ASSERT_TRUE(put("a", "1").ok());
  EXPECT_EQ(put("a", "2", CommitFault::error_lost).error().code, Errc::failed);
  EXPECT_EQ(get("a"), "(failed)");
  EXPECT_EQ(put("a", "3").error().code, Errc::failed);
  store_->crash();
  EXPECT_EQ(get("a"), "1");
}

TEST_F(MemoryStoreFaults, AFailedCommitMayHaveBeenStored) {
  ASSERT_TRUE(put("a", "1").ok());
  EXPECT_EQ(put("a", "2", CommitFault::error_stored).error().code, Errc::failed);
  EXPECT_EQ(get("a"), "(failed)");
  store_->crash();
  EXPECT_EQ(get("a"), "2");
}

TEST_F(MemoryStoreFaults, ALyingCommitIsSeenUntilTheCrash) {
  ASSERT_TRUE(put("a", "1").ok());
  const std::uint64_t durable = store_->digest();
  EXPECT_TRUE(put("a", "2", CommitFault::lying).ok());
  EXPECT_TRUE(put("b", "3", CommitFault::lying).ok());
  EXPECT_EQ(get("a"), "2");
  EXPECT_NE(store_->digest(), durable);
  store_->crash();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "(none)");
  EXPECT_EQ(store_->digest(), durable);
}

TEST_F(MemoryStoreFaults, AnHonestCommitMakesEarlierLiesDurable) {
  EXPECT_TRUE(put("a", "1", CommitFault::lying).ok());
  EXPECT_TRUE(put("b", "2").ok());
  store_->crash();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "2");
}

TEST_F(MemoryStoreFaults, ACrashEndsTheOpenTransaction) {
  ASSERT_TRUE(put("a", "1").ok());
  auto transaction = store_->begin();
  ASSERT_TRUE(transaction.ok());
  (*transaction)->put(Table::state, "a", "2");
  store_->crash();
  EXPECT_FALSE((*transaction)->get(Table::state, "a"));
  (*transaction)->put(Table::state, "a", "3");
  EXPECT_EQ((*transaction)->commit().error().code, Errc::failed);
  EXPECT_EQ(get("a"), "1");
  transaction->reset();
  EXPECT_EQ(get("a"), "1");
}

TEST_F(MemoryStoreFaults, OverTheLimitPutsFailAndErasesStillWork) {
  ASSERT_TRUE(put("a", std::string(60'000, 'a')).ok());
  auto transaction = *store_->begin();
  transaction->put(Table::state, "b", std::string(60'000, 'b'));
  EXPECT_EQ(transaction->status().error().code, Errc::store_full);
  EXPECT_EQ(transaction->commit().error().code, Errc::store_full);
  transaction = *store_->begin();
  EXPECT_TRUE(transaction->erase(Table::state, "a"));
  transaction->put(Table::state, "b", std::string(60'000, 'b'));
  EXPECT_TRUE(transaction->commit().ok());
}

TEST_F(MemoryStoreFaults, DamageChangesOneByte) {
  ASSERT_TRUE(put("a", "xyz").ok());
  EXPECT_TRUE(store_->damage(Table::state, "a", 1, 1));
  EXPECT_EQ(get("a"), "xxz");
  EXPECT_FALSE(store_->damage(Table::state, "a", 3, 1));
  EXPECT_FALSE(store_->damage(Table::state, "b", 0, 1));
}

TEST_F(MemoryStoreFaults, EqualContentsHaveEqualDigestsAndOneSeedOneIdentity) {
  const auto other = MemoryStore::make(1, 100'000);
  EXPECT_EQ(store_->digest(), other->digest());
  EXPECT_EQ(store_->id(), other->id());
  EXPECT_NE(store_->id(), MemoryStore::make(2)->id());
  ASSERT_TRUE(put("a", "1").ok());
  EXPECT_NE(store_->digest(), other->digest());
}

}  // namespace
}  // namespace ackwire::store
