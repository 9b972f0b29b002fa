#include "dedupe/table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "dedupe/turns.hpp"

namespace ackwire::dedupe {
namespace {

std::vector<DedupeEntry> take_all(const KeyTable& table, std::size_t slice) {
  std::vector<DedupeEntry> all;
  std::size_t cursor = 0;
  while (table.take(cursor, slice, all)) {
  }
  return all;
}

void expect_sorted_copy(const KeyTable& table, const std::map<KeyHash, DedupeEntry>& model, std::size_t slice) {
  const std::vector<DedupeEntry> all = take_all(table, slice);
  ASSERT_EQ(all.size(), model.size());
  auto wanted = model.begin();
  for (const DedupeEntry& entry : all) {
    ASSERT_EQ(entry.key, wanted->first);
    ASSERT_EQ(entry.sequence, wanted->second.sequence);
    ASSERT_EQ(entry.body, wanted->second.body);
    ++wanted;
  }
}

TEST(DedupeTable, FindsWhatWasPutAndNothingElse) {
  KeyTable table;
  EXPECT_FALSE(table.find(key_of(1)));
  for (std::uint64_t i = 0; i < 10'000; ++i) table.put({key_of(i), i, i * 3});
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto found = table.find(key_of(i));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->sequence, i);
    EXPECT_EQ(found->body, i * 3);
  }
  for (std::uint64_t i = 10'000; i < 20'000; ++i) EXPECT_FALSE(table.find(key_of(i)));
}

TEST(DedupeTable, ReplacesTheEntryOfTheSameKey) {
  KeyTable table;
  table.put({key_of(1), 5, 50});
  table.put({key_of(1), 6, 60});
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find(key_of(1))->sequence, 6u);
}

TEST(DedupeTable, GivesItsEntriesInHashOrderInSlicesOfAnySize) {
  KeyTable table;
  std::map<KeyHash, DedupeEntry> model;
  for (std::uint64_t i = 0; i < 3'000; ++i) model[key_of(i)] = {key_of(i), i, i};
  for (const auto& [key, entry] : model) table.put(entry);
  for (std::size_t slice : {1, 7, 100, 5'000}) expect_sorted_copy(table, model, slice);
}

TEST(DedupeTable, GivesHashOrderWhenClustersWrapAroundTheEnd) {
  KeyTable table(1'000);
  std::map<KeyHash, DedupeEntry> model;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const KeyHash key{i % 2 ? ~0ull - i % 5 : i % 7, i};  // all at home in the last or the first slot
    model[key] = {key, i, i};
    table.put(model[key]);
  }
  for (std::size_t slice : {1, 50, 5'000}) expect_sorted_copy(table, model, slice);
}

}  // namespace
}  // namespace ackwire::dedupe
