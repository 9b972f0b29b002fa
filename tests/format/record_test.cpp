#include "format/record.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "ackwire/limits.hpp"
#include "format/bytes.hpp"

namespace ackwire::format {
namespace {

constexpr Timestamp now{Duration{1'700'000'000'000}};

std::string encoded(const Message& message) {
  std::string out;
  const Status status = encode(message, now, out);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  return out;
}

Errc refusal(const Message& message) {
  std::string out = "before";
  const Status status = encode(message, now, out);
  if (status.ok()) return Errc::ok;
  EXPECT_TRUE(out == "before") << "a refused message left bytes behind";
  return status.error().code;
}

/// Splits, checks and verifies; ok when all of the record is sound.
bool sound(std::string_view bytes) {
  Record record;
  std::string_view rest = bytes;
  return split(rest, record) && rest.empty() && checksum_ok(record) && check(record, limits::message_bytes).ok();
}

struct Full {
  std::vector<Header> headers{{"tenant", "a"}, {"content-type", "text/plain"}, {"größe", ""}};
  Message message{.body = "hello",
                  .idempotency_key = std::string_view("k\0y", 3),
                  .ordering_key = "customer-7",
                  .headers = headers,
                  .delay = Duration{5'000},
                  .ttl = Duration{60'000}};
};

TEST(Record, CarriesEverything) {
  const Full full;
  const std::string bytes = encoded(full.message);
  std::string_view rest = bytes;
  Record record;
  ASSERT_TRUE(split(rest, record));
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(checksum_ok(record));
  EXPECT_TRUE(check(record, 5).ok());
  EXPECT_EQ(record.bytes, bytes);
  EXPECT_EQ(record.body, "hello");
  EXPECT_EQ(record.key, std::string_view("k\0y", 3));
  EXPECT_EQ(record.ordering_key, "customer-7");
  EXPECT_EQ(record.deliver_at, 1'700'000'005'000u);
  EXPECT_EQ(record.expires_at, 1'700'000'060'000u);
  const auto headers = decode_headers(record.headers, record.header_count);
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[0].name, "tenant");
  EXPECT_EQ(headers[1].value, "text/plain");
  EXPECT_EQ(headers[2].name, "größe");
  EXPECT_EQ(headers[2].value, "");
}

TEST(Record, EmptyMessageIsSixteenBytes) {
  const std::string bytes = encoded({});
  EXPECT_EQ(bytes.size(), record_header_bytes);
  EXPECT_TRUE(sound(bytes));
}

TEST(Record, ChecksumIsTheOneOfZlib) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  EXPECT_EQ(crc32(text), 0x414fa339u);
  EXPECT_EQ(crc32(text.substr(10), crc32(text.substr(0, 10))), 0x414fa339u);
  EXPECT_EQ(crc32(""), 0u);
}

TEST(Record, LayoutIsPermanent) {
  const std::string bytes = encoded({.body = "B", .idempotency_key = "K", .ordering_key = "OO"});
  const std::string covered = {0, 1, 2, 0, 0, 0, 0, 0, 'K', 'O', 'O', 'B'};
  EXPECT_EQ(load<std::uint32_t>(bytes.data()), covered.size());
  EXPECT_EQ(load<std::uint32_t>(bytes.data() + 4), crc32(covered));
  EXPECT_EQ(bytes.substr(8), covered);
}

TEST(Record, SeveralInARow) {
  std::string bytes = encoded({.body = "one"}) + encoded({.body = ""}) + encoded({.body = "three"});
  std::string_view rest = bytes;
  std::vector<std::string> bodies;
  for (Record record; split(rest, record);) bodies.emplace_back(record.body);
  EXPECT_EQ(bodies, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_TRUE(rest.empty());
}

TEST(Record, EveryBitFlipIsFound) {
  const std::string bytes = encoded(Full{}.message);
  ASSERT_TRUE(sound(bytes));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(sound(damaged)) << "bit " << bit;
    EXPECT_FALSE(sound(damaged + bytes)) << "bit " << bit << " with bytes behind";
  }
}

TEST(Record, EveryTruncationIsFound) {
  const std::string bytes = encoded(Full{}.message);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view rest = std::string_view(bytes).substr(0, size);
    Record record;
    EXPECT_FALSE(split(rest, record)) << size;
    EXPECT_EQ(rest.size(), size) << "a refused split moved the view";
  }
}

TEST(Record, RandomBytesNeverReachOutside) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (bytes.size() > 16 && round % 2 == 0) {  // plausible lengths reach further into the code
      store<std::uint32_t>(bytes.data(), static_cast<std::uint32_t>(random() % bytes.size()));
      bytes[8] = static_cast<char>(random() % 4);
      bytes[9] = static_cast<char>(random() % 16);
      bytes[10] = static_cast<char>(random() % 16);
      store<std::uint32_t>(bytes.data() + 12, static_cast<std::uint32_t>(random() % 64));
    }
    const std::string copy = bytes;  // exact size, so that a sanitizer sees a step outside
    std::string_view rest = copy;
    for (Record record; split(rest, record);) {
      (void)checksum_ok(record);
      (void)check(record, 64);
      std::size_t used = 0;
      for (const Header& header : decode_headers(record.headers, record.header_count))
        used += header.name.size() + header.value.size();
      EXPECT_LE(used, record.headers.size());
    }
  }
}

TEST(Record, UnknownAttributeIsRefused) {
  std::string bytes = encoded({.body = "x"});
  bytes[8] = 4;
  store<std::uint32_t>(bytes.data() + 4, crc32(std::string_view(bytes).substr(8)));
  EXPECT_FALSE(sound(bytes));
}

TEST(Record, FaultNamesTheCauseAndThePlace) {
  const auto refused = [](const std::string& bytes, Errc code, std::initializer_list<const char*> says) {
    std::string_view rest = bytes;
    Record record;
    ASSERT_FALSE(split(rest, record));
    const Error error = fault(bytes);
    EXPECT_EQ(name(error.code), name(code)) << error.message;
    for (const char* part : says) EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("nothing was stored"), std::string::npos) << error.message;
  };
  const auto seal = [](std::string bytes) {
    store<std::uint32_t>(bytes.data() + 4, crc32(std::string_view(bytes).substr(8)));
    return bytes;
  };
  const std::string good = encoded({.body = "hello"});
  refused("", Errc::bad_length, {"at least 16", "0 left"});
  refused(good.substr(0, 15), Errc::bad_length, {"at least 16", "15 left"});
  refused(good.substr(0, 20), Errc::bad_length, {"length is 13", "12 bytes behind"});
  std::string bytes = good;
  bytes[0] = 7;
  refused(bytes, Errc::bad_length, {"length is 7", "least is 8"});
  bytes = good;
  bytes[8] = 6;
  refused(seal(bytes), Errc::invalid_argument, {"attribute bits that do not exist (4)", "Clear"});
  refused(bytes, Errc::bad_checksum, {"damaged on the way", "under a new number"});
  bytes = good;
  bytes[9] = 100;
  refused(seal(bytes), Errc::bad_length, {"times, keys and headers", "13"});
  refused(bytes, Errc::bad_checksum, {"damaged on the way"});
}

TEST(Record, SizeLimits) {
  const std::string big(limits::message_bytes + 1, 'x');
  EXPECT_EQ(refusal({.body = big}), Errc::too_large);
  EXPECT_EQ(refusal({.body = std::string_view(big).substr(1)}), Errc::ok);
  EXPECT_EQ(refusal({.idempotency_key = std::string_view(big).substr(0, 129)}), Errc::invalid_key);
  EXPECT_EQ(refusal({.idempotency_key = std::string_view(big).substr(0, 128)}), Errc::ok);
  EXPECT_EQ(refusal({.ordering_key = std::string_view(big).substr(0, 256)}), Errc::invalid_key);
  EXPECT_EQ(refusal({.ordering_key = std::string_view(big).substr(0, 255)}), Errc::ok);
}

TEST(Record, QueueLimitIsCheckedByTheReader) {
  const std::string bytes = encoded({.body = "123456"});
  std::string_view rest = bytes;
  Record record;
  ASSERT_TRUE(split(rest, record));
  const Status status = check(record, 5);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::too_large);
  EXPECT_NE(status.error().message.find("at most 5"), std::string::npos);
}

TEST(Record, HeaderRules) {
  const auto with = [](std::vector<Header> headers) { return refusal({.headers = headers}); };
  const std::string long_text(16 * 1024, 'v');
  EXPECT_EQ(with({{"a", "1"}, {"b", "2"}, {"a", "3"}}), Errc::invalid_headers);
  EXPECT_EQ(with({{"", "1"}}), Errc::invalid_headers);
  EXPECT_EQ(with({{"a", std::string_view("x\0y", 3)}}), Errc::invalid_headers);
  EXPECT_EQ(with({{"a\nb", "1"}}), Errc::invalid_headers);
  EXPECT_EQ(with({{"\xff", "1"}}), Errc::invalid_headers);
  EXPECT_EQ(with({{"a", "\xff\xfe"}}), Errc::ok) << "values are any bytes but NUL";
  EXPECT_EQ(with({{std::string_view(long_text).substr(0, 256), "1"}}), Errc::invalid_headers);
  EXPECT_EQ(with({{std::string_view(long_text).substr(0, 255), "1"}}), Errc::ok);
  EXPECT_EQ(with({{"a", long_text}}), Errc::invalid_headers);
  EXPECT_EQ(with({{"a", std::string_view(long_text).substr(0, limits::headers_bytes - 4)}}), Errc::ok);
}

TEST(Record, HeaderCountLimit) {
  std::vector<std::string> names;
  for (int i = 0; i < 65; ++i) names.push_back("h" + std::to_string(i));
  std::vector<Header> headers;
  for (const auto& name : names) headers.push_back({name, "v"});
  EXPECT_EQ(refusal({.headers = headers}), Errc::invalid_headers);
  headers.pop_back();
  EXPECT_EQ(refusal({.headers = headers}), Errc::ok);
  EXPECT_TRUE(sound(encoded({.headers = headers})));
}

TEST(Record, ForgedHeadersAreRefusedByTheReader) {
  const std::vector<Header> two{{"ab", "1"}, {"cd", "2"}};
  const std::string good = encoded({.headers = two});
  const auto code = [](std::string bytes) {
    std::string_view rest = bytes;
    Record record;
    if (!split(rest, record)) return Errc::bad_length;
    const Status status = check(record, 100);
    return status.ok() ? Errc::ok : status.error().code;
  };
  EXPECT_EQ(code(good), Errc::ok);
  std::string twice = good;
  twice[16 + 3 + 3 + 3] = 'a', twice[16 + 3 + 3 + 4] = 'b';
  EXPECT_EQ(code(twice), Errc::invalid_headers);
  std::string fewer = good;
  fewer[11] = 1;
  EXPECT_EQ(code(fewer), Errc::invalid_headers);
  std::string more = good;
  more[11] = 3;
  EXPECT_EQ(code(more), Errc::invalid_headers);
  std::string none = good;
  none[11] = 0;
  EXPECT_EQ(code(none), Errc::invalid_headers);
}

TEST(Record, TimeLimits) {
  EXPECT_EQ(refusal({.delay = Duration{-1}}), Errc::out_of_range);
  EXPECT_EQ(refusal({.delay = limits::delay_max + Duration{1}}), Errc::out_of_range);
  EXPECT_EQ(refusal({.delay = limits::delay_max}), Errc::ok);
  EXPECT_EQ(refusal({.ttl = Duration{-1}}), Errc::out_of_range);
  EXPECT_EQ(refusal({.ttl = limits::ttl_max + Duration{1}}), Errc::out_of_range);
  EXPECT_EQ(refusal({.ttl = limits::ttl_max}), Errc::ok);
  EXPECT_EQ(refusal({.delay = Duration{10}, .ttl = Duration{10}}), Errc::out_of_range);
  EXPECT_EQ(refusal({.delay = Duration{9}, .ttl = Duration{10}}), Errc::ok);
}

}  // namespace
}  // namespace ackwire::format
