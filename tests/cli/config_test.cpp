#include "settings/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace ackwire;
using namespace ackwire::cli;

namespace {

std::vector<std::string> problems(std::string_view text) {
  ServeConfig config;
  std::vector<std::string> out;
  for (const ConfigProblem& problem : parse_config(text, "a.toml", config)) out.push_back(to_string(problem));
  return out;
}

}  // namespace

TEST(Config, ReadsEverySection) {
  ServeConfig config;
  const auto wrong = parse_config(R"(
[serve]
listen = ["tcp://127.0.0.1:7000", "ipc:///tmp/a.sock"]
log_level = "warn"
[store]
store_bytes_limit = "1GiB"
store_soft_limit = 0.5
disk_floor_bytes = 1048576
unsafe_filesystem = true
[limits]
max_sessions = 7
session_timeout = "20s"
[queues.orders]
visibility_timeout = "1m"
max_attempts = 3
backoff_jitter = 1
ttl = 0
on_expiry = "discard"
[queues."with.dot"]
)",
                                  "a.toml", config);
  ASSERT_TRUE(wrong.empty()) << to_string(wrong.front());
  EXPECT_EQ(config.listen.size(), 2u);
  EXPECT_EQ(config.log_level, "warn");
  EXPECT_EQ(config.broker.store_bytes_limit, 1ull << 30);
  EXPECT_DOUBLE_EQ(config.broker.store_soft_limit, 0.5);
  EXPECT_EQ(config.broker.disk_floor_bytes, 1048576u);
  EXPECT_TRUE(config.broker.unsafe_filesystem);
  EXPECT_EQ(config.broker.max_sessions, 7u);
  EXPECT_EQ(config.broker.session_timeout, Duration{20'000});
  ASSERT_EQ(config.queues.size(), 2u);
  const QueueChange& orders = config.queues.at("orders");
  EXPECT_EQ(orders.visibility_timeout, Duration{60'000});
  EXPECT_EQ(orders.max_attempts, 3u);
  EXPECT_EQ(orders.backoff_jitter, 1.0);
  EXPECT_EQ(orders.ttl, Duration{0});
  EXPECT_EQ(orders.on_expiry, OnExpiry::discard);
  EXPECT_FALSE(orders.paused);
}

// B45
TEST(Config, ReportsAllErrorsAtOnceWithTheirPlaceAndTheNearestKey) {
  const auto wrong = problems(
      "[serve]\n"
      "lisen = []\n"
      "[limits]\n"
      "max_sessions = \"many\"\n"
      "commit_max_bytes = \"5mb\"\n"
      "[queues.a]\n"
      "max_atempts = 3\n"
      "max_depth = 0\n"
      "[sevre]\n");
  ASSERT_EQ(wrong.size(), 6u);
  EXPECT_EQ(wrong[0], "a.toml:2:1: unknown key \"serve.lisen\" (did you mean \"listen\"?)");
  EXPECT_EQ(wrong[1], "a.toml:4:16: limits.max_sessions must be an integer; it is a string");
  EXPECT_EQ(wrong[2], "a.toml:5:20: limits.commit_max_bytes: \"5mb\" has the unit \"mb\", which is not known: did you mean 5MiB?");
  EXPECT_EQ(wrong[3], "a.toml:7:1: unknown key \"queues.a.max_atempts\" (did you mean \"max_attempts\"?)");
  EXPECT_EQ(wrong[4], "a.toml:8:13: queues.a.max_depth: 0 is outside 1 to 1099511627776");
  EXPECT_NE(wrong[5].find("unknown key \"sevre\" (did you mean \"serve\"?)"), std::string::npos);
}

// B45
TEST(Config, RefusesFilesThatAreNotText) {
  EXPECT_EQ(problems("\xEF\xBB\xBF[serve]\n").at(0),
            "a.toml:1:1: the file begins with a byte order mark; save it as UTF-8 without one");
  EXPECT_EQ(problems("[serve]\n# \xff\n").at(0), "a.toml:2:3: the file is not valid UTF-8 here; save it as UTF-8");
  EXPECT_NE(problems(std::string(config_bytes + 1, ' ')).at(0).find("larger than 1048576 bytes"), std::string::npos);
  EXPECT_EQ(problems(std::string(config_bytes, ' ')).size(), 0u);
}

// B45
TEST(Config, NamesThePlaceOfDuplicatesAndBadSyntax) {
  EXPECT_EQ(problems("[limits]\nmax_sessions = 1\nmax_sessions = 2\n").at(0).rfind("a.toml:3:", 0), 0u);
  EXPECT_EQ(problems("[serve\n").at(0).rfind("a.toml:1:", 0), 0u);
}

// B46
TEST(Config, RefusesContradictionsWithTheNumbers) {
  const auto wrong = problems("[queues.a]\nbackoff_initial = \"10s\"\nbackoff_max = \"1s\"\n");
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_NE(wrong[0].find("backoff_max >= backoff_initial does not hold: 1s < 10s"), std::string::npos);
  EXPECT_NE(problems("[queues.a]\nmax_attempts = 0\n").at(0).find("0 is outside 1 to 1000"), std::string::npos);
  EXPECT_NE(problems("[queues.a]\nvisibility_timeout = \"1d\"\n").at(0).find("1d is outside 100ms to 12h"), std::string::npos);
  EXPECT_NE(problems("[queues.a]\nvisibility_timeout = 30\n").at(0).find("a string with a unit"), std::string::npos);
}

TEST(Config, SaysWhyAFileCannotBeRead) {
  ServeConfig config;
  EXPECT_NE(to_string(load_config("/nonexistent/a.toml", config).at(0)).find("No such file"), std::string::npos);
  EXPECT_FALSE(load_config("/", config).empty());
}
