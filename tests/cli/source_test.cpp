#include "input/publish_source.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "frame/subprocess.hpp"
#include "input/json_slice.hpp"
#include "output/latency.hpp"

using namespace ackwire;
using namespace ackwire::cli;

namespace {

/// A pipe that holds `text` and is at its end.
class Input {
 public:
  explicit Input(std::string_view text) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(ends[1]);
    reader_ = ends[0];
  }
  ~Input() { close(reader_); }
  int get() const { return reader_; }

 private:
  int reader_;
};

const Stop never = [] { return false; };

std::vector<std::string> bodies(Source& source) {
  std::vector<std::string> out;
  Outgoing next;
  for (auto more = source.next(next); more && *more; more = source.next(next)) out.push_back(next.body);
  return out;
}

}  // namespace

TEST(Source, ReadsLines) {
  Input input("one\n\nthree\nlast without end");
  const auto source = lines_source(input.get(), never);
  EXPECT_EQ(bodies(*source), (std::vector<std::string>{"one", "", "three", "last without end"}));
}

TEST(Source, ReadsTheWholeInput) {
  Input input("a\nb\n");
  EXPECT_EQ(bodies(*whole_source(input.get(), never)), (std::vector<std::string>{"a\nb\n"}));
}

TEST(Source, StopsWhenTold) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Outgoing next;
  const auto more = lines_source(ends[0], [] { return true; })->next(next);
  ASSERT_TRUE(more.ok());
  EXPECT_FALSE(*more);
  close(ends[0]);
  close(ends[1]);
}

TEST(Source, TakesKeysAndBodyFromJsonAsTheyAreWritten) {
  Input input(
      "{\"id\": 7, \"o\":{\"k\":\"a\\u0062\"}, \"body\": {\"z\": 1.50,  \"a\":[1, "
      "\"}\"]}}\n\n{\"id\":\"x\",\"o\":{\"k\":1},\"body\":\"line\\nend\"}\n");
  const auto source = json_source(input.get(), {.body = "body", .idempotency_key = "id", .ordering_key = "o.k"}, never);
  Outgoing out;
  ASSERT_TRUE(*source->next(out));
  EXPECT_EQ(out.body, "{\"z\": 1.50,  \"a\":[1, \"}\"]}");
  EXPECT_EQ(out.idempotency_key, "7");
  EXPECT_EQ(out.ordering_key, "ab");
  EXPECT_EQ(out.place, 1u);
  ASSERT_TRUE(*source->next(out));
  EXPECT_EQ(out.body, "line\nend");
  EXPECT_EQ(out.place, 3u);
  EXPECT_FALSE(*source->next(out));
}

TEST(Source, NamesTheLineThatCannotBePublished) {
  const auto refusal = [](std::string_view text) {
    Input input(text);
    const auto source = json_source(input.get(), {.body = "", .idempotency_key = "id", .ordering_key = ""}, never);
    Outgoing out;
    auto more = source->next(out);
    while (more && *more) more = source->next(out);
    return more ? "accepted" : more.error().message;
  };
  EXPECT_EQ(refusal("{\"id\":1}\n{}\n"), "line 2 cannot be published: it has no field \"id\"");
  EXPECT_EQ(refusal("{\"id\":null}"),
            "line 1, column 7 cannot be published: field \"id\" is neither a string nor a number, and cannot be a key");
  EXPECT_EQ(refusal("{\"id\":\"\"}"), "line 1, column 7 cannot be published: field \"id\" is empty, and cannot be a key");
}

namespace {

struct Read {
  std::vector<std::string> bodies, keys;
  std::string refusal;
};

Read read_json(std::string_view text, JsonFields fields) {
  Input input(text);
  const auto source = json_source(input.get(), std::move(fields), never);
  Read out;
  Outgoing next;
  auto more = source->next(next);
  for (; more && *more; more = source->next(next)) {
    out.bodies.push_back(next.body);
    out.keys.push_back(next.idempotency_key);
  }
  if (!more) out.refusal = more.error().message;
  return out;
}

}  // namespace

TEST(Source, PassesWhatIsJsonByteForByte) {
  const std::string deep = std::string(20'000, '[') + std::string(20'000, ']');
  const std::string bodies[] = {
      R"({"id":1,"x":1e400,"y":-0.0e-9999})",                     // a number that no machine has
      R"({"id":1,"x":123456789012345678901234567890123456789})",  // and an integer
      R"({"id":1,"x":"\ud800","y":"\udc00\ud800"})",              // halves of surrogate pairs in unused fields
      R"({"id":0,"x":1,"x":2,"id":1})",                           // duplicate names: the last counts
      R"({"id":1,"x":"\u0000"})",                                 // NUL, escaped
      "{\t\"id\" : 1 , \"x\" : {} , \"y\" : [ ] }  ",             // spaces
      "{\"id\":1,\"\xC3\xBC\":\"\xF0\x9F\x98\x80\"}",
      "{\"id\":1,\"x\":" + deep + "}",
  };
  for (const std::string& body : bodies) {
    const Read read = read_json(body, {.body = "", .idempotency_key = "id", .ordering_key = ""});
    EXPECT_EQ(read.refusal, "") << body.substr(0, 60);
    EXPECT_EQ(read.bodies, std::vector<std::string>{body}) << body.substr(0, 60);
    EXPECT_EQ(read.keys, std::vector<std::string>{"1"}) << body.substr(0, 60);
  }
}

TEST(Source, TakesLinesOfEverySystem) {
  const std::vector<std::string> both{"{\"id\":1}", "{\"id\":2}"};
  for (const char* text : {"{\"id\":1}\n{\"id\":2}\n", "{\"id\":1}\r\n{\"id\":2}\r\n", "{\"id\":1}\n{\"id\":2}",
                           "\n\r\n{\"id\":1}\n \t\n{\"id\":2}\n\n", "\xEF\xBB\xBF{\"id\":1}\n{\"id\":2}\n"}) {
    const Read read = read_json(text, {.body = "", .idempotency_key = "id", .ordering_key = ""});
    EXPECT_EQ(read.refusal, "") << text;
    EXPECT_EQ(read.bodies, both) << text;
  }
}

TEST(Source, TakesKeysAndTextsOfEveryKind) {
  const JsonFields fields{.body = "b", .idempotency_key = "id", .ordering_key = ""};
  EXPECT_EQ(read_json(R"({"id":1e400,"b":123456789012345678901234567890})", fields).keys.at(0), "1e400");
  EXPECT_EQ(read_json(R"({"id":1e400,"b":123456789012345678901234567890})", fields).bodies.at(0), "123456789012345678901234567890");
  EXPECT_EQ(read_json(R"({"id":"\ud83d\ude00","b":""})", fields).keys.at(0), "\xF0\x9F\x98\x80");
  EXPECT_EQ(read_json(R"({"id":"a\u0000b","b":""})", fields).keys.at(0), std::string("a\0b", 3));
  EXPECT_EQ(read_json(R"({"id":"a","b":"x\ud800y"})", fields).bodies.at(0), "x\xED\xA0\x80y");
}

TEST(Source, NamesLineColumnAndCause) {
  const auto refusal = [](std::string_view text) {
    return read_json(text, {.body = "", .idempotency_key = "id", .ordering_key = ""}).refusal;
  };
  const auto bad = [](const char* place, const char* cause) {
    return std::string("line ") + place + " cannot be published: it is not a JSON object: " + cause;
  };
  EXPECT_EQ(refusal("{\"id\":1}\n[1]\n"), bad("2, column 1", "it is an array, not an object"));
  EXPECT_EQ(refusal("{\"id\":1\n"), bad("1, column 8", "',' or '}' is expected, not the end of the line"));
  EXPECT_EQ(refusal("{\"\xC3\xBC\" 1}"), bad("1, column 6", "':' is expected, not \"1\""));
  EXPECT_EQ(refusal("{id:1}"), bad("1, column 2", "a name in quotes is expected, not \"i\""));
  EXPECT_EQ(refusal("{\"id\":NaN}"), bad("1, column 7", "a value is expected, not \"N\""));
  EXPECT_EQ(refusal("{\"id\":01}"), bad("1, column 7", "a number of several digits does not begin with 0"));
  EXPECT_EQ(refusal("{\"id\":1.}"), bad("1, column 9", "a digit is expected, not \"}\""));
  EXPECT_EQ(refusal("{\"id\":1,}"), bad("1, column 9", "a name in quotes is expected, not \"}\""));
  EXPECT_EQ(refusal("{\"id\":1} x"), bad("1, column 10", "\"x\" stands behind the end"));
  EXPECT_EQ(refusal("{\"id\":\"a"), bad("1, column 9", "the line ends inside a string"));
  EXPECT_EQ(refusal("{\"id\":\"\\x\"}"), bad("1, column 9", "there is no escape \\ followed by \"x\""));
  EXPECT_EQ(refusal("{\"id\":\"\\u12g4\"}"), bad("1, column 12", "four hex digits are expected behind \\u, not \"g\""));
  EXPECT_EQ(refusal(std::string_view("{\"id\":\"\0\"}", 10)),
            bad("1, column 8", "the control character 0x00 in a string must be escaped"));
  EXPECT_EQ(refusal("{\"id\":\"\xff\"}"), bad("1, column 8", "the byte 0xff is not UTF-8"));
  EXPECT_EQ(refusal("{\"id\":\"a\\ud800\"}"),
            "line 1, column 9 cannot be published: field \"id\" holds half of a surrogate pair, and cannot be a key");
  EXPECT_EQ(refusal("{\"id\":" + std::string(20'000, '[') + "}"), bad("1, column 20007", "a value is expected, not \"}\""));
}

TEST(JsonSlice, DescendsAndPrefersAWholeName) {
  const std::string_view json = R"( { "a.b" : 1, "a": {"b": 2, "c": {"d": "x"}}, "a2": "\"}" } )";
  EXPECT_EQ(json_member(json, "a.b"), "1");
  EXPECT_EQ(json_member(json, "a.c.d"), "\"x\"");
  EXPECT_EQ(json_member(json, "a2"), R"("\"}")");
  EXPECT_EQ(json_member(json, "a.x"), std::nullopt);
  EXPECT_EQ(json_member(json, "a2.x"), std::nullopt);
  EXPECT_EQ(json_member("{}", "a"), std::nullopt);
}

TEST(Subprocess, PassesInputAndEnvironmentAndKeepsTheTailOfErrors) {
  signal(SIGPIPE, SIG_IGN);
  const std::string body(300'000, 'b');
  const CommandRun run{"test $(wc -c) = 300000 && echo \"$ACKWIRE_X oops\" >&2; exit 7", body, {{"ACKWIRE_X", "it is"}}, {}};
  const auto ended = run_command(run);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->status, 7);
  EXPECT_EQ(ended->error_tail, "it is oops\n");
}

TEST(Subprocess, NeedNotReadItsInput) {
  signal(SIGPIPE, SIG_IGN);  // as main() does
  const std::string body(300'000, 'b');
  EXPECT_EQ(run_command(CommandRun{"exit 0", body, {}, {}})->status, 0);
}

TEST(Subprocess, IsKilledAfterItsTime) {
  const auto begin = std::chrono::steady_clock::now();
  const auto ended = run_command(CommandRun{"sleep 30", "", {}, std::chrono::milliseconds{100}});
  ASSERT_TRUE(ended.ok());
  EXPECT_TRUE(ended->timed_out);
  EXPECT_EQ(ended->status, 128 + 9);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
}

TEST(Latencies, GivesPercentilesWithinTwoPercent) {
  Latencies latencies;
  for (int i = 1; i <= 10'000; ++i) latencies.add(std::chrono::microseconds{i});
  EXPECT_NEAR(latencies.percentile(0.50), 5.0, 0.1);
  EXPECT_NEAR(latencies.percentile(0.99), 9.9, 0.2);
  EXPECT_NEAR(latencies.percentile(1.0), 10.0, 0.2);
  EXPECT_EQ(Latencies{}.percentile(0.5), 0);
}
