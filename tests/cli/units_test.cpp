#include "settings/units.hpp"

#include <gtest/gtest.h>

using namespace ackwire;
using namespace ackwire::cli;

namespace {

std::int64_t ms(std::string_view text) {
  const auto parsed = parse_duration(text);
  return parsed ? parsed->count() : -1;
}

std::string refusal(const auto& result) { return result ? "accepted" : result.error().message; }

}  // namespace

TEST(Units, ReadsDurations) {
  EXPECT_EQ(ms("250ms"), 250);
  EXPECT_EQ(ms("30s"), 30'000);
  EXPECT_EQ(ms("5m"), 300'000);
  EXPECT_EQ(ms("12h"), 43'200'000);
  EXPECT_EQ(ms("7d"), 604'800'000);
  EXPECT_EQ(ms("1h30m"), 5'400'000);
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("0s"), 0);
}

// The same words in every face: tests/python holds the same table against its own calls.
TEST(Units, ReadsDecimalsWeeksAndSpaces) {
  EXPECT_EQ(ms("1.5s"), 1'500);
  EXPECT_EQ(ms("1.5h"), 5'400'000);
  EXPECT_EQ(ms("2w"), 1'209'600'000);
  EXPECT_EQ(ms("1w 1d"), 691'200'000);
  EXPECT_EQ(ms("2m1.5s5ms"), 121'505);
  EXPECT_EQ(ms("30 s"), 30'000);
  EXPECT_EQ(*parse_bytes("1.5GiB"), 3ull << 29);
  EXPECT_EQ(*parse_bytes("5 MiB"), 5ull << 20);
}

TEST(Units, RefusesWrongDurationsAndSaysWhatWasMeant) {
  EXPECT_NE(refusal(parse_duration("30")).find("did you mean 30s or 30ms?"), std::string::npos);
  for (const char* text :
       {"", "s", "1.s", ".5s", "30S", "30s30s", "5m1h", "99999999999999999999s", "999999999999d", "-5s", "1e3s", "1.5.5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("-5s").error().code, Errc::out_of_range);
  EXPECT_NE(refusal(parse_duration("5min")).find("did you mean 5m?"), std::string::npos);
  EXPECT_NE(refusal(parse_duration("30S")).find("did you mean 30s?"), std::string::npos);
  EXPECT_NE(refusal(parse_duration("0.5ms")).find("finer than a millisecond"), std::string::npos);
}

TEST(Units, WritesDurationsThatReadBack) {
  for (const std::int64_t value : {1ll, 250ll, 1'000ll, 90'000ll, 5'400'000ll, 604'800'000ll, 93'784'005ll}) {
    EXPECT_EQ(ms(format_duration(Duration{value})), value) << format_duration(Duration{value});
  }
  EXPECT_EQ(format_duration(Duration{0}), "0s");
  EXPECT_EQ(format_duration(Duration{93'784'005}), "1d2h3m4s5ms");
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(*parse_bytes("64MiB"), 64ull << 20);
  EXPECT_EQ(*parse_bytes("1KiB"), 1024u);
  EXPECT_EQ(*parse_bytes("8GiB"), 8ull << 30);
  EXPECT_EQ(*parse_bytes("2TiB"), 2ull << 40);
  EXPECT_EQ(*parse_bytes("17B"), 17u);
  EXPECT_EQ(*parse_bytes("17"), 17u);
}

TEST(Units, SuggestsTheBinaryUnit) {
  EXPECT_NE(refusal(parse_bytes("5mb")).find("did you mean 5MiB?"), std::string::npos);
  EXPECT_NE(refusal(parse_bytes("5GB")).find("did you mean 5GiB?"), std::string::npos);
  EXPECT_NE(refusal(parse_bytes("3k")).find("did you mean 3KiB?"), std::string::npos);
  EXPECT_NE(refusal(parse_bytes("0.3B")).find("no whole number of bytes"), std::string::npos);
  for (const char* text : {"", "MiB", "-1MiB", "1.MiB", "5MiB5MiB", "5XiB", "99999999999TiB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(Units, WritesSizes) {
  EXPECT_EQ(format_bytes(64ull << 20), "64MiB");
  EXPECT_EQ(format_bytes(1'500'000), "1.4MiB");
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(999), "999B");
}

TEST(Units, ReadsCountsAndNumbers) {
  EXPECT_EQ(*parse_count("42"), 42u);
  for (const char* text : {"", "-1", "+1", "1.0", "0x10", "12a", "99999999999999999999"}) EXPECT_FALSE(parse_count(text)) << text;
  EXPECT_DOUBLE_EQ(*parse_real("0.5"), 0.5);
  for (const char* text : {"", "nan", "inf", "1,5", "0.5x"}) EXPECT_FALSE(parse_real(text)) << text;
}

TEST(Units, WritesTimesInUtc) {
  EXPECT_EQ(format_time(Timestamp{Duration{0}}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(Timestamp{Duration{1'769'847'330'250}}), "2026-01-31T08:15:30.250Z");
  EXPECT_EQ(format_time(Timestamp{Duration{-1}}), "1969-12-31T23:59:59.999Z");
}
