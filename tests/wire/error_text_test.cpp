// What a peer is told about a bad frame: the cause, the place and the way out.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "rules/policy.hpp"
#include "rules/quote.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::wire {
namespace {

template <class R>
void expect_refused(const R& result, Errc code, std::initializer_list<const char*> says) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(name(result.error().code), name(code)) << result.error().message;
  for (const char* part : says) EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

std::string_view payload(const std::string& frame) { return std::string_view(frame).substr(frame_head_bytes); }

struct Batch {
  std::uint32_t count, bytes;
  std::string records;
};
Status decode(std::uint64_t number, std::uint64_t first_unconfirmed, std::uint32_t batches, const std::vector<Batch>& all) {
  std::string frame;
  encode_publish_head(frame, number, first_unconfirmed, "q", batches);
  for (const Batch& batch : all) {
    append_batch_head(frame, batch.count, batch.bytes);
    frame += batch.records;
  }
  model::Publish publish;
  return decode_publish(payload(frame), publish);
}

const std::string record(16, 'r');

TEST(ErrorText, AnEmptyBatchIsNotCalledTooLong) {
  expect_refused(decode(1, 1, 1, {{0, 0, ""}}), Errc::bad_length, {"Batch 1 of 1", "no record", "Nothing of the frame was stored"});
  expect_refused(decode(1, 1, 2, {{1, 16, record}, {0, 0, ""}}), Errc::bad_length, {"Batch 2 of 2", "no record"});
  expect_refused(decode(1, 1, 1, {{5, 16, record}}), Errc::bad_length, {"Batch 1 of 1", "5 records in 16 bytes", "at least 16"});
  expect_refused(decode(1, 1, 0, {}), Errc::bad_length, {"no batch", "numbers stay free"});
}

TEST(ErrorText, ALengthBeyondTheFrameHasItsPlace) {
  // 8 + 8 + 2 + 4 bytes stand before the first batch.
  expect_refused(decode(1, 1, 1, {{1, 99, record}}), Errc::bad_length, {"byte 31 of the payload", "needs 99 bytes", "16 are left"});
  expect_refused(decode(1, 1, 7, {{1, 16, record}}), Errc::bad_length, {"byte 23 of the payload", "needs 56 bytes", "24 are left"});
  expect_refused(decode_credit(std::string_view("\1\0\0\0", 4)), Errc::bad_length,
                 {"byte 5 of the payload", "needs 4", "0 are left"});
  expect_refused(decode_ping("xy"), Errc::trailing_bytes, {"2 bytes more", "byte 1 of the payload", "goes on"});
}

TEST(ErrorText, NumbersOfAPublishThatCannotBe) {
  const std::vector<Batch> one{{1, 16, record}};
  expect_refused(decode(0, 0, 1, one), Errc::invalid_argument, {"producer_sequence 0", "from 1 on"});
  expect_refused(decode(0, 1, 1, one), Errc::invalid_argument, {"producer_sequence 0"});
  expect_refused(decode(3, 4, 1, one), Errc::invalid_argument,
                 {"first_unconfirmed 4", "producer_sequence, 3", "numbers stay free"});
  expect_refused(decode(3, 0, 1, one), Errc::invalid_argument, {"first_unconfirmed 0"});
  expect_refused(decode(~std::uint64_t{0}, 1, 1, one), Errc::invalid_argument, {"64 bits", "producer_id"});
  EXPECT_TRUE(decode(~std::uint64_t{0} - 1, 1, 1, one).ok());
  EXPECT_TRUE(decode(3, 3, 1, one).ok());
}

TEST(ErrorText, AHelloThatBeginsNoSession) {
  const auto refused = [](Hello hello, Errc code, std::initializer_list<const char*> says) {
    std::string frame;
    encode(frame, hello);
    expect_refused(decode_hello(payload(frame)), code, says);
  };
  refused({.min_version = 9, .max_version = 1, .producer = {'p'}}, Errc::invalid_argument, {"min_version 9", "max_version 1"});
  refused({.min_version = 1, .max_version = 0, .producer = {'p'}}, Errc::invalid_argument, {"min_version 1", "max_version 0"});
  refused({.client_name = "x"}, Errc::invalid_argument, {"producer_id of zeros", "16 random bytes"});
  refused({.producer = {'p'}, .client_name = "caf\xe9"}, Errc::invalid_argument, {"client_name", "UTF-8"});
  refused({.producer = {'p'}, .client_name = "a\nb"}, Errc::invalid_argument, {"client_name", "control"});
  std::string frame;
  encode(frame, Hello{.producer = {'p'}, .client_name = "café"});
  EXPECT_TRUE(decode_hello(payload(frame)).ok());
}

TEST(ErrorText, AMemberThatIsGivenTwice) {
  const auto refused = [](std::string_view text, const char* says) {
    expect_refused(request_from_json(text), Errc::invalid_argument, {says, "given twice", "Nothing was changed"});
  };
  refused(R"({"request":"get_queue","queue":"a","queue":"b"})", "'queue'");
  refused(R"({"request":"get_queue","request":"get_queue","queue":"a"})", "'request'");
  refused(R"({"request":"create_queue","queue":"a","policy":{"max_attempts":3,"backoff":{"max_ms":1,"jitter":0,"max_ms":2}}})",
          "'policy.backoff.max_ms'");
  EXPECT_TRUE(request_from_json(R"({"request":"set_queue","queue":"a","change":{"backoff":{"jitter":0},"paused":true}})").ok())
      << "the same name in another object is another member";
  EXPECT_TRUE(reply_from_json(R"({"reply":"purged","count":1,"count":2})").ok()) << "a client bears what a broker says";
}

TEST(ErrorText, PositionsCountFromOne) {
  expect_refused(request_from_json("?"), Errc::invalid_argument, {"byte 1 of 1"});
  expect_refused(request_from_json("{\"a\""), Errc::invalid_argument, {"ends too early, after 4 bytes"});
  expect_refused(rules::check_name("queue", "?"), Errc::invalid_name, {"'?' at byte 1"});
  expect_refused(rules::check_name("queue", "ab c"), Errc::invalid_name, {"' ' at byte 3"});
  expect_refused(rules::check_name("queue", "größe"), Errc::invalid_name, {"'ö' at byte 3"});
  expect_refused(rules::check_name("group", "a\n"), Errc::invalid_name, {"'\\x0a' at byte 2"});
}

TEST(ErrorText, WhatIsQuotedCannotBreakTheLine) {
  EXPECT_EQ(rules::quote(""), "''");
  EXPECT_EQ(rules::quote("orders"), "'orders'");
  EXPECT_EQ(rules::quote("größe"), "'größe'");
  EXPECT_EQ(rules::quote("a'b\\c"), "'a\\x27b\\x5cc'");
  EXPECT_EQ(rules::quote(std::string_view("a\0\x1b\x7f", 4)), "'a\\x00\\x1b\\x7f'");
  EXPECT_EQ(rules::quote("\xc2\x85|"), "'\\xc2\\x85|'") << "a C1 control";
  EXPECT_EQ(rules::quote("\u202eabc"), "'\\xe2\\x80\\xaeabc'") << "a mark that turns the line round";
  EXPECT_EQ(rules::quote(std::string(129, 'x')), "'" + std::string(128, 'x') + "...'");
  EXPECT_EQ(rules::quote(std::string(127, 'x') + "ö"), "'" + std::string(127, 'x') + "...'") << "cut between characters";
}

}  // namespace
}  // namespace ackwire::wire
