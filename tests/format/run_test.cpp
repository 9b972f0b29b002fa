#include "format/run.hpp"

#include <gtest/gtest.h>

#include <random>

#include "format/record.hpp"

namespace ackwire::format {
namespace {

std::string three_records() {
  std::string records;
  for (const char* body : {"one", "", "three"}) EXPECT_TRUE(encode({.body = body}, Timestamp{}, records).ok());
  return records;
}

TEST(Run, CarriesEverything) {
  const std::string records = three_records();
  const format::Run written{
      .first_sequence = 41, .publish_time = 1'700'000'000'000, .count = 3, .delivery = 2, .attempts = 1, .records = records};
  std::string bytes = "before";
  append_run(bytes, written);
  ASSERT_EQ(bytes.size(), 6 + run_header_bytes + records.size());
  std::string_view rest = std::string_view(bytes).substr(6);
  format::Run run;
  ASSERT_TRUE(split_run(rest, run));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(run.first_sequence, 41u);
  EXPECT_EQ(run.publish_time, 1'700'000'000'000u);
  EXPECT_EQ(run.count, 3u);
  EXPECT_EQ(run.delivery, 2u);
  EXPECT_EQ(run.attempts, 1u);
  EXPECT_EQ(run.records, records);
}

TEST(Run, SeveralInARow) {
  const std::string records = three_records();
  std::string bytes;
  for (std::uint64_t first : {1u, 4u, 9u}) append_run(bytes, {.first_sequence = first, .count = 3, .records = records});
  std::string_view rest = bytes;
  std::vector<std::uint64_t> firsts;
  for (format::Run run; split_run(rest, run);) firsts.push_back(run.first_sequence);
  EXPECT_EQ(firsts, (std::vector<std::uint64_t>{1, 4, 9}));
  EXPECT_TRUE(rest.empty());
}

TEST(Run, EveryBitFlipOfTheHeaderIsFound) {
  std::string bytes;
  const std::string records = three_records();
  append_run(bytes, {.first_sequence = 41, .publish_time = 7, .count = 3, .records = records});
  for (std::size_t bit = 0; bit < run_header_bytes * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    std::string_view rest = damaged;
    format::Run run;
    EXPECT_FALSE(split_run(rest, run)) << "bit " << bit;
  }
}

TEST(Run, EveryTruncationIsFound) {
  std::string bytes;
  const std::string records = three_records();
  append_run(bytes, {.count = 3, .records = records});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view rest = std::string_view(bytes).substr(0, size);
    format::Run run;
    EXPECT_FALSE(split_run(rest, run)) << size;
    EXPECT_EQ(rest.size(), size);
  }
}

TEST(Run, CountMustFitTheBytes) {
  const std::string records = three_records();
  std::string bytes;
  append_run(bytes, {.count = 1'000, .records = records});
  std::string_view rest = bytes;
  format::Run run;
  EXPECT_FALSE(split_run(rest, run));
}

TEST(Run, RandomBytesNeverReachOutside) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 120, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    std::string_view rest = bytes;
    format::Run run;
    EXPECT_FALSE(split_run(rest, run));
  }
}

}  // namespace
}  // namespace ackwire::format
