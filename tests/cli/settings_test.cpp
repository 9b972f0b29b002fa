// The table of settings against the structures whose members it names.
#include "ackwire/settings.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ackwire/ackwire.hpp"
#include "settings/fields.hpp"

using namespace ackwire;
using namespace ackwire::cli;

namespace {

double number(Duration duration) { return static_cast<double>(duration.count()); }
double number(auto value) { return static_cast<double>(value); }

using Expected = std::vector<std::pair<std::string_view, double>>;

void expect_defaults(std::span<const Setting> table, const Expected& expected) {
  EXPECT_EQ(table.size(), expected.size());
  for (const auto& [name, value] : expected) {
    const Setting& one = setting(table, name);
    ASSERT_EQ(one.name, name);
    EXPECT_EQ(one.standard, value) << name;
    if (one.unit != Unit::choice) {
      EXPECT_TRUE(check_setting(one, one.standard, "").ok()) << name;
      EXPECT_EQ(check_setting(one, one.most * 1.01 + 1, "Nothing.").error().code, Errc::out_of_range) << name;
      EXPECT_FALSE(check_setting(one, std::numeric_limits<double>::quiet_NaN(), "").ok()) << name;
    }
  }
}

}  // namespace

TEST(Settings, HaveTheDefaultsOfTheStructures) {
  const QueuePolicy p;
  expect_defaults(queue_settings(), {{"visibility_timeout", number(p.visibility_timeout)},
                                     {"max_attempts", number(p.max_attempts)},
                                     {"backoff_initial", number(p.backoff.initial)},
                                     {"backoff_multiplier", p.backoff.multiplier},
                                     {"backoff_max", number(p.backoff.max)},
                                     {"backoff_jitter", p.backoff.jitter},
                                     {"ttl", number(p.ttl)},
                                     {"on_expiry", number(p.on_expiry)},
                                     {"dedupe_window", number(p.dedupe_window)},
                                     {"max_depth", number(p.max_depth)},
                                     {"max_depth_bytes", number(p.max_depth_bytes)},
                                     {"max_in_flight", number(p.max_in_flight)},
                                     {"max_message_bytes", number(p.max_message_bytes)},
                                     {"paused", number(p.paused)}});
  const BrokerOptions b;
  expect_defaults(broker_settings(), {{"store_bytes_limit", number(b.store_bytes_limit)},
                                      {"store_soft_limit", b.store_soft_limit},
                                      {"disk_floor_bytes", number(b.disk_floor_bytes)},
                                      {"accept_rollback", number(b.accept_rollback)},
                                      {"accept_clock", number(b.accept_clock)},
                                      {"unsafe_filesystem", number(b.unsafe_filesystem)},
                                      {"commit_max_frames", number(b.commit_max_frames)},
                                      {"commit_max_bytes", number(b.commit_max_bytes)},
                                      {"max_sessions", number(b.max_sessions)},
                                      {"session_timeout", number(b.session_timeout)},
                                      {"session_outbox_bytes", number(b.session_outbox_bytes)},
                                      {"slow_commit", number(b.slow_commit)},
                                      {"call_timeout", number(b.call_timeout)}});
  const ClientOptions c;
  expect_defaults(client_settings(), {{"connect_timeout", number(c.connect_timeout)},
                                      {"call_timeout", number(c.call_timeout)},
                                      {"heartbeat", number(c.heartbeat)},
                                      {"reconnect_initial", number(c.reconnect_initial)},
                                      {"reconnect_max", number(c.reconnect_max)},
                                      {"max_unconfirmed", number(c.max_unconfirmed)},
                                      {"max_unconfirmed_bytes", number(c.max_unconfirmed_bytes)},
                                      {"frames_in_flight", number(c.frames_in_flight)},
                                      {"frame_target_bytes", number(c.frame_target_bytes)}});
}

TEST(Settings, EveryFlagIsOfTheTable) {
  for (const auto& field : policy_fields()) EXPECT_EQ(setting(queue_settings(), field.name()).name, field.name());
  EXPECT_EQ(policy_fields().size() + 1, queue_settings().size());  // pausing has commands of its own
  for (const auto& fields : {store_fields(), limit_fields()}) {
    for (const auto& field : fields) EXPECT_EQ(setting(broker_settings(), field.name()).name, field.name());
  }
  EXPECT_EQ(store_fields().size() + limit_fields().size() + 1, broker_settings().size());  // call_timeout is of an embedded handle
}

TEST(Settings, AreWrittenAsTheyAreRead) {
  for (const auto& table : {queue_settings(), broker_settings(), client_settings()}) {
    for (const Setting& one : table) {
      for (const double value : {one.least, one.most, one.standard}) {
        if (one.unit == Unit::choice) continue;
        const auto read = parse_value(format_value(one.unit, value), one);
        ASSERT_TRUE(read.ok()) << one.name << ": " << format_value(one.unit, value);
      }
    }
  }
  EXPECT_EQ(allowed(setting(queue_settings(), "visibility_timeout")), "100ms to 12h");
  EXPECT_EQ(allowed(setting(queue_settings(), "max_depth_bytes")), "1KiB to 1024TiB");
}

TEST(Settings, OptionsOutsideAreRefusedByName) {
  BrokerOptions broker;
  broker.session_timeout = Duration{1};
  EXPECT_EQ(Broker::open("/nonexistent/x", broker).error().message,
            "session_timeout is 1ms, allowed is 100ms to 1d. The store was not touched.");
  ClientOptions client;
  client.frame_target_bytes = ~0u;
  EXPECT_NE(Client::connect("tcp://127.0.0.1:1", client).error().message.find("frame_target_bytes"), std::string::npos);
}
