#include "wire/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "ackwire/limits.hpp"

namespace ackwire::wire {
namespace {

using Json = nlohmann::json;

Timestamp at(std::int64_t ms) { return Timestamp{Duration{ms}}; }

/// Every member away from its default.
QueuePolicy odd_policy() {
  return {.visibility_timeout = Duration{1},
          .max_attempts = 2,
          .backoff = {Duration{3}, 4.5, Duration{6}, 0.75},
          .ttl = Duration{8},
          .on_expiry = OnExpiry::discard,
          .dedupe_window = Duration{9},
          .max_depth = 10,
          .max_depth_bytes = 11,
          .max_in_flight = 12,
          .max_message_bytes = 13,
          .paused = true};
}

QueueChange whole_change() {
  return {Duration{1}, 2, Duration{3}, 4.5, Duration{6}, 0.75, Duration{8}, OnExpiry::discard, Duration{9}, 10, 11, 12, 13, true};
}

QueueInfo odd_queue() {
  QueueInfo queue{.name = "größe",
                  .id = 3,
                  .created = at(4),
                  .policy = odd_policy(),
                  .next_sequence = 5,
                  .published = 6,
                  .published_bytes = 7,
                  .duplicates_suppressed = 8,
                  .refused = 9,
                  .depth = 10,
                  .depth_bytes = 11,
                  .dedupe_keys = ~std::uint64_t{0}};
  queue.groups.push_back({"default", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, Duration{19}});
  queue.groups.push_back({.name = "audit"});
  return queue;
}

DeadLetter odd_letter() {
  return {.sequence = 1,
          .reason = DeadReason::rejected,
          .detail = "why",
          .deliveries = 2,
          .attempts = 3,
          .redrives = 4,
          .publish_time = at(5),
          .dead_time = at(6),
          .errors = {{at(7), 8, "lease expired"}},
          .idempotency_key = std::string("k\0", 2),
          .ordering_key = "o",
          .headers = {{"tenant", "\xff"}},
          .body = "\x80 body",
          .body_bytes = 100};
}

template <class T>
void same_request(T request) {
  const auto text = to_json(model::Request{std::move(request)});
  ASSERT_TRUE(text.ok());
  const auto read = request_from_json(*text);
  ASSERT_TRUE(read.ok()) << *text << ": " << read.error().message;
  EXPECT_TRUE(std::holds_alternative<T>(*read)) << *text;
  EXPECT_EQ(Json::parse(*to_json(*read)), Json::parse(*text));
}

template <class T>
void same_reply(T reply) {
  const std::string text = to_json(model::Reply{std::move(reply)});
  const auto read = reply_from_json(text);
  ASSERT_TRUE(read.ok()) << text << ": " << read.error().message;
  EXPECT_TRUE(std::holds_alternative<T>(*read)) << text;
  EXPECT_EQ(Json::parse(to_json(*read)), Json::parse(text));
}

TEST(Json, AMemberThatNobodyKnowsIsIgnoredUnlessItMustBeUnderstood) {
  const auto read = [](const std::string& must) {
    return request_from_json(R"({"request":"set_queue","queue":"q","new":1,"change":{"paused":true,"later":{"deep":2}})" + must +
                             "}");
  };
  const auto ignored = read("");
  ASSERT_TRUE(ignored.ok()) << ignored.error().message;
  EXPECT_TRUE(*std::get<model::SetQueue>(*ignored).change.paused);
  EXPECT_TRUE(read(R"(,"must_understand":["queue","change.paused","change.backoff.max_ms"])").ok());
  EXPECT_TRUE(read(R"(,"must_understand":[])").ok());
  for (const char* name : {"new", "change.later", "change.later.deep", "absent"}) {
    const auto refused = read(std::string(R"(,"must_understand":[")") + name + "\"]");
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_NE(refused.error().message.find(std::string("'") + name + "' is not known here"), std::string::npos)
        << refused.error().message;
    EXPECT_NE(refused.error().message.find("Nothing was changed"), std::string::npos);
  }
  for (const char* wrong : {R"(,"must_understand":"queue")", R"(,"must_understand":[1])"}) EXPECT_FALSE(read(wrong).ok()) << wrong;
}

TEST(Json, WhatHasItsDefaultIsNotAskedFor) {
  EXPECT_EQ(*to_json(model::Request{model::ListQueues{}}), R"({"request":"list_queues"})");
  EXPECT_EQ(Json::parse(*to_json(model::Request{model::Purge{"q", 7}})),
            Json::parse(R"({"request":"purge","queue":"q","below_sequence":7})"));
}

TEST(Json, EveryRequestComesBack) {
  same_request(model::CreateQueue{"orders", odd_policy()});
  same_request(model::EnsureQueue{"orders", whole_change()});
  same_request(model::EnsureQueue{"orders", {}});
  same_request(model::SetQueue{"orders", whole_change()});
  same_request(model::GetQueue{"orders"});
  same_request(model::ListQueues{});
  same_request(model::ListQueues{"orders", 50});
  same_request(model::RemoveQueue{"orders", true});
  same_request(model::Purge{"orders", 99});
  same_request(model::CreateGroup{"orders", "audit", true});
  same_request(model::RemoveGroup{"orders", "audit"});
  same_request(model::Peek{"orders", "default", 7, 100, 4096});
  same_request(model::GetStats{});
  same_request(model::GetStats{"orders", 50});
  same_request(model::GetHistory{"orders", Resolution::five_minutes, at(1'700'000'000'000)});
  same_request(model::GetDeadLetters{"orders", "default", 7, 100, {DeadReason::expired, {1, 2, ~std::uint64_t{0}}}, 4096});
  same_request(model::MoveDead{model::DeadAction::discard, "orders", "default", {DeadReason::damaged, {4}}, 3, 1'700'000'000'000});
}

TEST(Json, EveryReplyComesBack) {
  same_reply(Error{Errc::overloaded, "Full.", std::chrono::milliseconds{250}, 3});
  same_reply(Error{Errc::no_queue, "No queue."});
  same_reply(model::Done{});
  same_reply(odd_queue());
  same_reply(model::QueuePage{{odd_queue(), {.name = "second"}}, "third"});
  same_reply(model::QueuePage{});
  same_reply(model::Purged{1, 2, true});
  same_reply(PeekPage{{{1, "leased", 2, 3, at(4), at(5), "k", "o", {{"a", "b"}}, "\xff", 6}}, 9});
  same_reply(
      model::StatsPage{{"0.1.0", "abcd", 2, at(3), at(4), -86'400'000, 5, 6, 7, 0.25, 1.5, 8, 9, true, {odd_queue()}}, "next"});
  same_reply(std::vector<Sample>{{at(1), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0.5, 1.5, 2.5}});
  same_reply(DeadPage{{odd_letter()}, 5, 6});
  same_reply(model::Moved{{3, {7, 8}}, 4, 5, true});
}

/// What nlohmann::json and sodium read is what was written, whatever the bytes.
TEST(Json, BytesAndTextsOfEveryKindComeBack) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    PeekPage page;
    page.messages.push_back({.sequence = size, .headers = {{"name", bytes}}, .body = bytes, .body_bytes = size});
    const auto read = reply_from_json(to_json(model::Reply{page}));
    ASSERT_TRUE(read.ok()) << size;
    EXPECT_EQ(std::get<PeekPage>(*read).messages.front().body, bytes);
    EXPECT_EQ(std::get<PeekPage>(*read).messages.front().headers.front().second, bytes);
  }
  std::string text;
  for (char32_t c = 0; c < 0x80; ++c) text += static_cast<char>(c);
  text += "größe \xf0\x9f\x98\x80 </script>";
  const auto read = reply_from_json(to_json(model::Reply{Error{Errc::internal, text}}));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::get<Error>(*read).message, text);
}

TEST(Json, AReplyIsWrittenBehindWhatIsThere) {
  std::string out = "head";
  append_json(out, model::Reply{model::Done{}});
  EXPECT_EQ(out, R"(head{"reply":"done"})");
  PeekPage page;
  page.messages.push_back({.body = std::string(limits::frame_bytes, 'x')});
  out = "head";
  append_json(out, model::Reply{page});
  EXPECT_TRUE(out.starts_with(R"(head{"reply":"error","code":"too_large")")) << out.substr(0, 100);
}

TEST(Json, DefaultPolicyWhenLeftOut) {
  const auto read =
      request_from_json(R"({"request":"create_queue","queue":"orders","policy":{"max_attempts":3,"backoff":{"jitter":0}}})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto& create = std::get<model::CreateQueue>(*read);
  EXPECT_EQ(create.queue, "orders");
  QueuePolicy expected;
  expected.max_attempts = 3;
  expected.backoff.jitter = 0;
  EXPECT_EQ(create.policy, expected);
}

TEST(Json, ChangeHasOnlyWhatWasSet) {
  const auto read = request_from_json(R"({"request":"set_queue","queue":"q","change":{"paused":false,"backoff":{"max_ms":5}}})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto& change = std::get<model::SetQueue>(*read).change;
  EXPECT_EQ(change.paused, false);
  EXPECT_EQ(change.backoff_max, Duration{5});
  EXPECT_FALSE(change.max_attempts.has_value());
  EXPECT_FALSE(change.backoff_initial.has_value());
}

TEST(Json, NamesAreTheProtocols) {
  EXPECT_EQ(
      Json::parse(
          *to_json(model::Request{model::MoveDead{model::DeadAction::redrive, "q", "g", {DeadReason::rejected, {}}, 7, 8}})),
      Json::parse(
          R"({"request":"move_dead","action":"redrive","queue":"q","group":"g","filter":{"reason":"rejected","sequences":[]},)"
          R"("from":7,"dead_until_ms":8})"));
  EXPECT_EQ(Json::parse(to_json(model::Reply{Error{Errc::stale_lease, "Gone."}})),
            Json::parse(R"({"reply":"error","code":"stale_lease","message":"Gone.","retry_after_ms":0})"));
}

struct Bad {
  const char* text;
  Errc code;
  const char* says;
};

TEST(Json, BadRequestsAreRefusedByName) {
  const Bad all[] = {
      {"", Errc::invalid_argument, "not JSON"},
      {"[1]", Errc::invalid_argument, "not an object"},
      {"{}", Errc::invalid_argument, "'request'"},
      {R"({"request":7})", Errc::invalid_argument, "'request'"},
      {R"({"request":"explode"})", Errc::invalid_argument, "'explode'"},
      {R"({"request":"get_queue"})", Errc::invalid_argument, "'queue' is missing"},
      {R"({"request":"get_queue","queue":null})", Errc::invalid_argument, "'queue' is missing"},
      {R"({"request":"get_queue","queue":5})", Errc::invalid_argument, "'queue' must be a string"},
      {R"({"request":"get_queue","queue":"q","quue":"q"})", Errc::invalid_argument, "'quue' is not known"},
      {R"({"request":"create_queue","queue":"q","policy":{"max_attemps":3}})", Errc::invalid_argument,
       "'policy.max_attemps' is not known"},
      {R"({"request":"create_queue","queue":"q","policy":{"backoff":{"initial":3}}})", Errc::invalid_argument,
       "'policy.backoff.initial'"},
      {R"({"request":"set_queue","queue":"q","change":{"backoff":{"initial":3}}})", Errc::invalid_argument,
       "'change.backoff.initial'"},
      {R"({"request":"set_queue","queue":"q","change":{"backoff":3}})", Errc::invalid_argument,
       "'change.backoff' must be an object"},
      {R"({"request":"set_queue","queue":"q","change":{"paused":1}})", Errc::invalid_argument, "must be true or false"},
      {R"({"request":"set_queue","queue":"q","change":{"max_attempts":-1}})", Errc::out_of_range,
       "'change.max_attempts' must be from 0"},
      {R"({"request":"set_queue","queue":"q","change":{"max_attempts":4294967296}})", Errc::out_of_range, "4294967295"},
      {R"({"request":"set_queue","queue":"q","change":{"max_attempts":1.5}})", Errc::invalid_argument, "whole number"},
      {R"({"request":"set_queue","queue":"q","change":{"max_depth":1e3}})", Errc::invalid_argument, "whole number"},
      {R"({"request":"set_queue","queue":"q","change":{"ttl_ms":18446744073709551615}})", Errc::out_of_range, "'change.ttl_ms'"},
      {R"({"request":"set_queue","queue":"q","change":{"ttl_ms":-9223372036854775808}})", Errc::out_of_range, "'change.ttl_ms'"},
      {R"({"request":"set_queue","queue":"q","change":{"ttl_ms":"1s"}})", Errc::invalid_argument, "milliseconds"},
      {R"({"request":"set_queue","queue":"q","change":{"ttl_ms":99999999999999999999999}})", Errc::invalid_argument,
       "milliseconds"},
      {R"({"request":"set_queue","queue":"q","change":{"on_expiry":"drop"}})", Errc::invalid_argument, "'dead_letter', 'discard'"},
      {R"({"request":"move_dead","queue":"q","group":"g","action":"copy"})", Errc::invalid_argument, "'redrive', 'discard'"},
      {R"({"request":"get_dead_letters","queue":"q","group":"g","count":1,"filter":{"sequences":[1,-2]}})", Errc::out_of_range,
       "'filter.sequences[1]'"},
      {R"({"request":"get_dead_letters","queue":"q","group":"g","count":1,"filter":{"sequences":7}})", Errc::invalid_argument,
       "must be an array"},
      {"{\"request\":\"get_queue\",\"queue\":\"\xff\"}", Errc::invalid_argument, "not JSON"},
  };
  for (const Bad& bad : all) {
    const auto read = request_from_json(bad.text, Unknown::refused);
    ASSERT_FALSE(read.ok()) << bad.text;
    EXPECT_EQ(read.error().code, bad.code) << bad.text << ": " << read.error().message;
    EXPECT_NE(read.error().message.find(bad.says), std::string::npos) << read.error().message;
  }
}

TEST(Json, DepthAndSizeAreBounded) {
  const auto deep = request_from_json(R"({"request":)" + std::string(100'000, '['));
  ASSERT_FALSE(deep.ok());
  EXPECT_NE(deep.error().message.find("deep"), std::string::npos);
  const auto long_text = request_from_json(R"({"request":")" + std::string(request_bytes, 'x') + "\"}");
  ASSERT_FALSE(long_text.ok());
  EXPECT_EQ(long_text.error().code, Errc::too_large);
  EXPECT_TRUE(request_from_json(R"({"request":"get_queue","queue":"[[[[[[[[[[[[[[[[[[[[\"{{"})").ok())
      << "brackets in strings do not count";
}

TEST(Json, TheLargestRequestFits) {
  model::MoveDead move{model::DeadAction::redrive, std::string(128, '"'), std::string(128, '"'), {}, 0, 0};
  move.filter.sequences.assign(limits::page_messages, ~std::uint64_t{0});
  same_request(move);
}

TEST(Json, ANewerReplyIsUnderstood) {
  const auto read = reply_from_json(R"({"reply":"done","more":true,"colour":"green"})");
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(std::holds_alternative<model::Done>(*read));
  const auto error = reply_from_json(R"({"reply":"error","code":"sun_burnt","message":"Hot."})");
  ASSERT_TRUE(error.ok());
  EXPECT_EQ(std::get<Error>(*error).code, Errc::internal);
  EXPECT_EQ(std::get<Error>(*error).message, "Hot.");
  EXPECT_FALSE(reply_from_json(R"({"reply":"sun"})").ok());
}

TEST(Json, NamesThatAreNotUtf8) {
  EXPECT_EQ(to_json(model::Request{model::GetQueue{"\xff"}}).error().code, Errc::invalid_argument);
  const std::string text = to_json(model::Reply{Error{Errc::internal, "bad \xff byte"}});
  EXPECT_NE(text.find("bad \xef\xbf\xbd byte"), std::string::npos);
}

TEST(Json, AsManyQueuesAsThereMayBe) {
  std::vector<QueueInfo> queues(limits::queues);
  for (std::size_t i = 0; i < queues.size(); ++i) {
    queues[i].name = "service-" + std::to_string(i) + ".orders";
    queues[i].id = static_cast<std::uint32_t>(i);
    queues[i].created = at(1'700'000'000'000);
    queues[i].next_sequence = queues[i].published = 1'000'000'000 + i;
    queues[i].published_bytes = 300'000'000'000;
    queues[i].groups.push_back(
        {.name = "default", .published = 1'000'000'000 + i, .acked = 1'000'000'000 + i, .delivered = 1'000'000'000});
  }
  queues[7].policy.max_attempts = 3;
  const std::string text = to_json(model::Reply{model::StatsPage{.stats = {.version = "0.1.0", .queues = queues}}});
  EXPECT_LT(text.size(), limits::frame_bytes);
  const auto read = reply_from_json(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_TRUE(std::holds_alternative<model::StatsPage>(*read)) << std::get<Error>(*read).message;
  const auto& back = std::get<model::StatsPage>(*read).stats.queues;
  ASSERT_EQ(back.size(), queues.size());
  EXPECT_EQ(back[7].policy, queues[7].policy);
  EXPECT_EQ(back[8].policy, QueuePolicy{});
  EXPECT_EQ(back[9].groups[0].acked, queues[9].groups[0].acked);
  EXPECT_EQ(back[9].next_sequence, queues[9].next_sequence);
}

TEST(Json, ReplyThatFitsNoFrameBecomesAnError) {
  PeekPage page;
  page.messages.resize(20);
  for (auto& message : page.messages) message.body.assign(512 * 1024, 'x');
  const auto read = reply_from_json(to_json(model::Reply{std::move(page)}));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::get<Error>(*read).code, Errc::too_large);
}

TEST(Json, DamagedTextNeverReachesOutside) {
  std::mt19937_64 random(19);
  const std::string sound = *to_json(model::Request{model::CreateQueue{"orders", odd_policy()}});
  const std::string reply = to_json(model::Reply{DeadPage{{odd_letter()}, 5, 6}});
  for (int round = 0; round < 3'000; ++round) {
    std::string text = round % 2 == 0 ? sound : reply;
    for (std::uint64_t flips = random() % 4; flips > 0; --flips) text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % (text.size() + 1));
    (void)request_from_json(text);
    (void)reply_from_json(text);
  }
}

}  // namespace
}  // namespace ackwire::wire
