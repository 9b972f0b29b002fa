#include "format/confirm.hpp"

#include <gtest/gtest.h>

#include <random>

#include "ackwire/limits.hpp"

namespace ackwire::format {
namespace {

std::vector<ConfirmEntry> entries(std::string_view bytes) {
  std::vector<ConfirmEntry> all;
  for (ConfirmEntry entry; !bytes.empty() && split_confirm(bytes, entry);) all.push_back(entry);
  EXPECT_TRUE(bytes.empty());
  return all;
}

std::string one_of_each() {
  ConfirmWriter writer;
  writer.stored(10, 5);
  writer.receipts({{15, false}, {3, true}});
  writer.refused({Errc::overloaded, "Full.", std::chrono::milliseconds{250}, 4});
  return writer.take();
}

TEST(Confirm, CarriesEachKind) {
  const auto all = entries(one_of_each());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].kind, 0);
  EXPECT_EQ(all[0].batches, 1u);
  EXPECT_EQ(all[0].messages, 5u);
  EXPECT_EQ(all[0].first_sequence, 10u);
  EXPECT_EQ(all[1].kind, 1);
  ASSERT_EQ(all[1].receipts.size(), 2u);
  EXPECT_EQ(all[1].receipts[0].sequence, 15u);
  EXPECT_FALSE(all[1].receipts[0].duplicate);
  EXPECT_EQ(all[1].receipts[1].sequence, 3u);
  EXPECT_TRUE(all[1].receipts[1].duplicate);
  EXPECT_EQ(all[2].kind, 2);
  EXPECT_EQ(all[2].error.code, Errc::overloaded);
  EXPECT_EQ(all[2].error.message, "Full.");
  EXPECT_EQ(all[2].error.retry_after.count(), 250);
  EXPECT_EQ(all[2].error.index, 4u);
}

TEST(Confirm, MergesWhatFollowsOn) {
  ConfirmWriter writer;
  writer.stored(1, 100);
  writer.stored(101, 1);
  writer.stored(102, 7);
  writer.stored(200, 1);  // a gap
  const auto all = entries(writer.take());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].batches, 3u);
  EXPECT_EQ(all[0].messages, 108u);
  EXPECT_EQ(all[1].first_sequence, 200u);
}

TEST(Confirm, CountsBatchesUpToTheFirstDamage) {
  const std::string all = one_of_each();
  EXPECT_EQ(count_batches(all), 3u);
  EXPECT_EQ(count_batches({}), 0u);
  ConfirmWriter writer;
  writer.stored(1, 100);
  writer.stored(101, 1);
  writer.refused({Errc::too_large, "Large.", {}, {}});
  EXPECT_EQ(count_batches(writer.take()), 3u);
  for (std::size_t size = 0; size < all.size(); ++size) EXPECT_LT(count_batches(std::string(all, 0, size)), 3u) << size;
  EXPECT_EQ(count_batches("\7 no such kind"), 0u);
}

TEST(Confirm, WriterIsEmptyAfterTake) {
  ConfirmWriter writer;
  writer.stored(1, 1);
  EXPECT_FALSE(writer.take().empty());
  EXPECT_TRUE(writer.take().empty());
  writer.stored(2, 1);
  EXPECT_EQ(entries(writer.take()).front().first_sequence, 2u);
}

TEST(Confirm, LongTextIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 5'000) text += "ä";
  ConfirmWriter writer;
  writer.refused({Errc::internal, "x" + text, {}, {}});
  const auto all = entries(writer.take());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].error.message.size(), limits::error_text_bytes - 1);
  EXPECT_FALSE(all[0].error.index.has_value());
}

TEST(Confirm, EveryTruncationIsFound) {
  const std::string bytes = one_of_each();
  const std::size_t boundaries[] = {17, 17 + 5 + 18};
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    if (size == boundaries[0] || size == boundaries[1]) continue;
    std::string_view rest = std::string_view(bytes).substr(0, size);
    ConfirmEntry entry;
    while (!rest.empty() && split_confirm(rest, entry)) {
    }
    EXPECT_FALSE(rest.empty()) << size;
  }
}

TEST(Confirm, CountsBeyondTheBytesAreRefused) {
  std::string receipts(5, '\xff');
  receipts[0] = 1;
  std::string_view rest = receipts;
  ConfirmEntry entry;
  EXPECT_FALSE(split_confirm(rest, entry));
  std::string nothing(17, '\0');
  rest = nothing;
  EXPECT_FALSE(split_confirm(rest, entry)) << "no batches";
}

TEST(Confirm, RandomBytesNeverReachOutside) {
  std::mt19937_64 random(13);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 100, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (!bytes.empty()) bytes[0] = static_cast<char>(random() % 4);
    std::string_view rest = bytes;
    ConfirmEntry entry;
    while (!rest.empty() && split_confirm(rest, entry)) {
    }
    SUCCEED();
  }
}

}  // namespace
}  // namespace ackwire::format
