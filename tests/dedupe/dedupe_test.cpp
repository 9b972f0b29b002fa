// Guarantee I12: remembered with the message, found exactly, across restarts and crashes at any point of sealing.
#include <chrono>
#include <string>

#include "dedupe/row.hpp"
#include "dedupe/turns.hpp"

namespace ackwire::dedupe {
namespace {

TEST(Dedupe, HashesKeysWithTheSecretOfTheStore) {
  const std::string one(16, 'a'), other(16, 'b');
  EXPECT_EQ(hash_key(one, "order-91"), hash_key(one, "order-91"));
  EXPECT_NE(hash_key(one, "order-91"), hash_key(other, "order-91"));
  EXPECT_NE(hash_key(one, "order-91"), hash_key(one, "order-92"));
  EXPECT_EQ(hash_body("x"), hash_body("x"));
  EXPECT_NE(hash_body("x"), hash_body("y"));
}

TEST(Dedupe, FindsAKeyInTheTurnThatAddedIt) {
  Turns turns;
  EXPECT_FALSE(turns.find(key_of(1)));
  turns.add(key_of(1), 42, 99);
  const auto found = turns.find(key_of(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->sequence, 42u);
  EXPECT_EQ(found->body, 99u);
  EXPECT_FALSE(turns.find(key_of(2)));
}

TEST(Dedupe, KeepsWhatWasCommittedAndLosesWhatWasNot) {
  Turns turns;
  turns.add(key_of(1), 1);
  turns.commit();
  turns.add(key_of(2), 2);
  turns.write();
  turns.crash();
  EXPECT_TRUE(turns.find(key_of(1)));
  EXPECT_FALSE(turns.find(key_of(2)));
  EXPECT_EQ(turns.dedupe->size(), 1u);
}

TEST(Dedupe, ATurnWithoutKeysWritesNothing) {
  Turns turns;
  turns.commit();
  EXPECT_EQ(turns.rows(), 0u);
}

TEST(Dedupe, OneTurnMayAddMoreThanOneRowHolds) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 10'000; ++i) turns.add(key_of(i), i);
  turns.commit();
  turns.open();
  for (std::uint64_t i = 1; i <= 10'000; ++i) ASSERT_TRUE(turns.find(key_of(i)));
}

TEST(Dedupe, FindsEveryKeyAtEveryStepOfSealingAndAfterACrashThere) {
  constexpr std::uint64_t keys = 17'000;  // a little more than a table
  std::uint64_t sealed_steps = 0;
  for (int crash_at = 0; crash_at < 64; ++crash_at) {
    Turns turns;
    for (std::uint64_t i = 1; i <= keys; ++i) {
      turns.add(key_of(i), i, i * 7);
      if (i % 500 == 0) turns.write();
    }
    turns.commit();
    int step = 0;
    while (turns.dedupe->busy() && step++ < crash_at) turns.commit();
    const bool done = !turns.dedupe->busy();
    turns.write();
    turns.crash();
    sealed_steps += !done;
    for (std::uint64_t i = 1; i <= keys; i += crash_at % 8 == 0 ? 1 : 37) {
      const auto found = turns.find(key_of(i));
      ASSERT_TRUE(found) << "key " << i << " after a crash at step " << crash_at;
      ASSERT_EQ(found->sequence, i);
      ASSERT_EQ(found->body, i * 7);
    }
    EXPECT_FALSE(turns.find(key_of(keys + 1)));
    turns.settle();
    EXPECT_EQ(turns.dedupe->size(), keys);
    if (done) break;
  }
  EXPECT_GT(sealed_steps, 10u);
}

TEST(Dedupe, SealingLeavesOneRunAndNoLog) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    turns.add(key_of(i), i);
    if (i % 100 == 0) turns.commit();
  }
  turns.now += std::chrono::hours(2);
  turns.settle();
  const std::size_t rows = turns.rows();
  EXPECT_LE(rows, 2 * (1 + 20'000 / dedupe::run_row_entries + 2));
  turns.open();
  EXPECT_EQ(turns.dedupe->size(), 20'000u);
  for (std::uint64_t i = 1; i <= 20'000; ++i) ASSERT_EQ(turns.find(key_of(i))->sequence, i);
}

TEST(Dedupe, EachKeyIsCountedOnceInEveryTurn) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 40'000; ++i) {
    turns.add(key_of(i), i);
    if (i % 500 != 0) continue;
    turns.commit();
    ASSERT_EQ(turns.dedupe->size(), i);
  }
  while (turns.dedupe->busy()) {
    turns.commit();
    ASSERT_EQ(turns.dedupe->size(), 40'000u);
  }
}

TEST(Dedupe, AFingerprintOfTheFirstVersionIsOfABodyAlone) {
  const auto record_of = [](std::string_view body, std::string_view ordering_key, std::string& bytes) {
    Message made;
    made.body = body;
    made.ordering_key = ordering_key;
    EXPECT_TRUE(format::encode(made, Timestamp{}, bytes).ok());
    format::Record record;
    std::string_view rest = bytes;
    EXPECT_TRUE(format::split(rest, record));
    return record;
  };
  std::string a, b, c;
  const std::uint64_t plain = fingerprint(record_of("x", "", a)), keyed = fingerprint(record_of("x", "o", b));
  const std::uint64_t other = fingerprint(record_of("y", "", c));
  EXPECT_EQ(compare(plain, plain, hash_body("x")), Likeness::same);
  EXPECT_EQ(compare(plain, keyed, hash_body("x")), Likeness::other_extras);
  EXPECT_EQ(compare(plain, other, hash_body("y")), Likeness::other_body);
  EXPECT_EQ(compare(hash_body("x"), keyed, hash_body("x")), Likeness::same);
  EXPECT_EQ(compare(hash_body("x"), other, hash_body("y")), Likeness::other_body);
}

TEST(Dedupe, NoTurnWritesMoreThanABoundedSliceOfSealing) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 16'384; ++i) turns.add(key_of(i), i);
  turns.commit();
  const int steps = turns.settle();
  EXPECT_GE(steps, 10);  // a table of the smallest size is sealed in many turns, not one
}

TEST(Dedupe, SealingKeepsPaceWithPublishing) {
  Turns turns;
  std::uint64_t sealing_turns = 0;
  for (std::uint64_t i = 1; i <= 200'000; ++i) {
    turns.add(key_of(i), i);
    if (i % 1'000 != 0) continue;
    turns.commit();
    sealing_turns += turns.dedupe->busy();
  }
  EXPECT_LT(sealing_turns, 190u);
  turns.settle();
  for (std::uint64_t i = 1; i <= 200'000; ++i) ASSERT_EQ(turns.find(key_of(i))->sequence, i);
}

TEST(Dedupe, AFingerprintNeverDecides) {
  // Keys that agree in all bits that the directory knows, and differ in the rest.
  Turns turns;
  std::uint64_t sequence = 0;
  for (std::uint64_t i = 0; i < 16'500; ++i) {
    KeyHash key = key_of(i / 50);
    key.low = key_of(i).low;
    turns.add(key, ++sequence);
    if (i % 700 == 0) turns.commit();
  }
  turns.now += std::chrono::hours(1);
  turns.settle();
  sequence = 0;
  for (std::uint64_t i = 0; i < 16'500; ++i) {
    KeyHash key = key_of(i / 50);
    key.low = key_of(i).low;
    const auto found = turns.find(key);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->sequence, ++sequence);
    key.low ^= 1;
    ASSERT_FALSE(turns.find(key)) << "a fingerprint passed for a key: that is a lost message";
  }
}

TEST(Dedupe, EraseSomeDeletesEverythingInSlicesAndOnlyItsOwnQueue) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 17'000; ++i) {
    turns.add(key_of(i), i);
    if (i % 100 == 0) turns.commit();
  }
  const std::string other("\0\0\0\x08L\0\0\0\1\0\0\0\0", 13);
  turns.transaction->put(store::Table::dedupe, other, "kept");
  int slices = 1;
  while (!turns.dedupe->erase_some(*turns.transaction, 10)) ++slices;
  EXPECT_GT(slices, 3);
  EXPECT_EQ(turns.rows(), 1u);
  EXPECT_EQ(turns.dedupe->size(), 0u);
  EXPECT_FALSE(turns.find(key_of(1)));
}

TEST(Dedupe, DamageIsAnErrorThatNamesThePlace) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 17'000; ++i) turns.add(key_of(i), i);
  turns.commit();
  turns.settle();
  turns.transaction.reset();
  // The first row of the run: its key is after the prefix of the run.
  turns.begin();
  store::Row row;
  ASSERT_TRUE(turns.transaction->seek(store::Table::dedupe, dedupe::RowKey(Turns::queue, dedupe::RowKind::run, 1), row));
  const std::string key(row.key);
  turns.transaction.reset();
  ASSERT_TRUE(turns.store->damage(store::Table::dedupe, key, 100, 4));
  turns.begin();
  for (std::uint64_t i = 1; i <= 17'000; ++i) turns.find(key_of(i));
  ASSERT_FALSE(turns.dedupe->status().ok());
  EXPECT_EQ(turns.dedupe->status().error().code, Errc::store_damaged);
  EXPECT_NE(turns.dedupe->status().error().message.find("queue 7"), std::string::npos);
  Dedupe again(Turns::queue);
  EXPECT_EQ(again.open(*turns.transaction).error().code, Errc::store_damaged);
}

TEST(Dedupe, DamageInTheKeyLogIsSeenAtOpening) {
  Turns turns;
  for (std::uint64_t i = 1; i <= 100; ++i) turns.add(key_of(i), i);
  turns.commit();
  turns.transaction.reset();
  ASSERT_TRUE(turns.store->damage(store::Table::dedupe, dedupe::RowKey(Turns::queue, dedupe::RowKind::log, 1).row(0), 50, 1));
  turns.begin();
  Dedupe again(Turns::queue);
  EXPECT_EQ(again.open(*turns.transaction).error().code, Errc::store_damaged);
}

}  // namespace
}  // namespace ackwire::dedupe
