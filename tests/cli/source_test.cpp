#include "publish_source.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "json_slice.hpp"
#include "latency.hpp"
#include "subprocess.hpp"

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
  EXPECT_EQ(refusal("{\"id\":1}\n[1]\n"), "line 2 cannot be published: it is not a JSON object");
  EXPECT_EQ(refusal("{\"id\":1\n"), "line 1 cannot be published: it is not a JSON object");
  EXPECT_EQ(refusal("{\"id\":null}"),
            "line 1 cannot be published: field \"id\" is neither a string nor a number, and cannot be a key");
  EXPECT_EQ(refusal("{\"id\":\"\"}"), "line 1 cannot be published: field \"id\" is empty, and cannot be a key");
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
