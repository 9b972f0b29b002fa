// What goes in comes out, for each binary frame.
#include <gtest/gtest.h>

#include "ackwire/limits.hpp"
#include "wire/consume.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::wire {
namespace {

/// Requires a sound frame.
std::string_view payload_of(std::string_view bytes) {
  Frame frame;
  const Status status = split_frame(bytes, frame);
  EXPECT_TRUE(status.ok());
  return frame.payload;
}

TEST(RoundTrip, Hello) {
  Hello hello{.client_name = "worker 4"};
  hello.producer = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  std::string bytes;
  encode(bytes, hello);
  const auto read = decode_hello(payload_of(bytes));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->min_version, 1);
  EXPECT_EQ(read->max_version, 1);
  EXPECT_EQ(read->producer, hello.producer);
  EXPECT_EQ(read->client_name, "worker 4");
}

TEST(RoundTrip, HelloThatNamesALife) {
  Hello hello{.producer = {'p'}, .client_name = {}, .life = Life{.store_id = {'s', 't'}, .boot_epoch = 1'795'000'000'000}};
  std::string bytes;
  encode(bytes, hello);
  const auto read = decode_hello(payload_of(bytes));
  ASSERT_TRUE(read.ok());
  ASSERT_TRUE(read->life.has_value());
  EXPECT_EQ(read->life->store_id, hello.life->store_id);
  EXPECT_EQ(read->life->boot_epoch, 1'795'000'000'000u);
}

TEST(RoundTrip, HelloOfANewerClientThatStillSpeaksThisVersion) {
  std::string bytes;
  encode(bytes, Hello{.min_version = 1, .max_version = 9, .producer = {'p'}});
  EXPECT_TRUE(decode_hello(payload_of(bytes)).ok());
}

TEST(RoundTrip, Welcome) {
  Welcome welcome{.session_timeout_ms = 15'000,
                  .boot_epoch = 3,
                  .session = 44,
                  .now = 1'700'000'000'123,
                  .max_frame_bytes = 8 << 20,
                  .software = "ackwire 0.1.0"};
  welcome.store_id = {'s', 't'};
  std::string bytes;
  encode(bytes, welcome);
  const auto read = decode_welcome(payload_of(bytes));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->version, 1);
  EXPECT_EQ(read->session_timeout_ms, 15'000u);
  EXPECT_EQ(read->boot_epoch, 3u);
  EXPECT_EQ(read->session, 44u);
  EXPECT_EQ(read->now, 1'700'000'000'123u);
  EXPECT_EQ(read->store_id, welcome.store_id);
  EXPECT_EQ(read->max_frame_bytes, 8u << 20);
  EXPECT_EQ(read->software, "ackwire 0.1.0");
}

TEST(RoundTrip, CapabilitiesOfBothSides) {
  std::string bytes;
  encode(bytes, Hello{.producer = {'p'}, .life = Life{.boot_epoch = 7}, .capabilities = Capabilities::all()});
  const auto hello = decode_hello(payload_of(bytes));
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->life->boot_epoch, 7u);
  EXPECT_EQ(hello->capabilities, Capabilities::all());
  bytes.clear();
  encode(bytes, Welcome{.software = "ackwire 0.1.0", .capabilities = Capabilities::all().without(Capability::begun)});
  const auto welcome = decode_welcome(payload_of(bytes));
  ASSERT_TRUE(welcome.ok());
  EXPECT_EQ(welcome->software, "ackwire 0.1.0");
  ASSERT_TRUE(welcome->capabilities.has_value());
  EXPECT_FALSE(welcome->capabilities->has(Capability::begun));
  EXPECT_TRUE(Capabilities::unnamed().has(Capability::begun)) << "it is older than the list";
}

TEST(RoundTrip, NamesNoCapabilitiesWhereNoneAreToBeNamed) {
  std::string bytes;
  encode(bytes, Hello{.producer = {'p'}});
  EXPECT_FALSE(decode_hello(payload_of(bytes))->capabilities.has_value());
  bytes.clear();
  encode(bytes, Welcome{});
  EXPECT_FALSE(decode_welcome(payload_of(bytes))->capabilities.has_value());
}

TEST(RoundTrip, Publish) {
  const std::string one(33, '1'), two(47, '2');
  std::string bytes;
  encode(bytes, model::Publish{.queue = "orders", .producer_sequence = 9, .first_unconfirmed = 5, .batches = {{2, one}, {1, two}}},
         77);
  Frame frame;
  ASSERT_TRUE(split_frame(bytes, frame).ok());
  EXPECT_EQ(frame.request, 77u);
  model::Publish read;
  ASSERT_TRUE(decode_publish(frame.payload, read).ok());
  EXPECT_EQ(read.queue, "orders");
  EXPECT_EQ(read.producer_sequence, 9u);
  EXPECT_EQ(read.first_unconfirmed, 5u);
  ASSERT_EQ(read.batches.size(), 2u);
  EXPECT_EQ(read.batches[0].count, 2u);
  EXPECT_EQ(read.batches[0].records, one);
  EXPECT_EQ(read.batches[1].records, two);
  EXPECT_EQ(publish_head_bytes("orders") + 2 * batch_head_bytes + one.size() + two.size(), bytes.size());
}

TEST(RoundTrip, ConfirmAndDeliverCarryTheirPayloadBehindTheHead) {
  std::string bytes;
  encode_confirm_head(bytes, 9, "orders");
  bytes += "entries";
  const auto confirm = decode_confirm(payload_of(bytes));
  ASSERT_TRUE(confirm.ok());
  EXPECT_EQ(confirm->producer_sequence, 9u);
  EXPECT_EQ(confirm->queue, "orders");
  EXPECT_EQ(confirm->entries, "entries");

  bytes.clear();
  encode_deliver_head(bytes, model::SubscriptionId{7});
  bytes += "runs";
  const auto deliver = decode_deliver(payload_of(bytes));
  ASSERT_TRUE(deliver.ok());
  EXPECT_EQ(deliver->subscription, model::SubscriptionId{7});
  EXPECT_EQ(deliver->runs, "runs");
}

TEST(RoundTrip, Subscribe) {
  std::string bytes;
  encode(bytes, model::Subscribe{model::SubscriptionId{7}, "orders", "audit", 256});
  const auto read = decode_subscribe(payload_of(bytes));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->subscription, model::SubscriptionId{7});
  EXPECT_EQ(read->queue, "orders");
  EXPECT_EQ(read->group, "audit");
  EXPECT_EQ(read->credit, 256u);
}

TEST(RoundTrip, Subscribed) {
  std::string bytes;
  encode(bytes, model::Subscribed{model::SubscriptionId{7}, 30'000, {Errc::no_group, "No such group."}});
  const auto read = decode_subscribed(payload_of(bytes));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->subscription, model::SubscriptionId{7});
  EXPECT_EQ(read->visibility_timeout_ms, 30'000u);
  EXPECT_EQ(read->error.code, Errc::no_group);
  EXPECT_EQ(read->error.message, "No such group.");
}

TEST(RoundTrip, SmallFrames) {
  std::string bytes;
  encode_unsubscribe(bytes, model::SubscriptionId{9});
  EXPECT_EQ(*decode_unsubscribe(payload_of(bytes)), model::SubscriptionId{9});
  bytes.clear();
  encode_renew(bytes, model::SubscriptionId{10});
  EXPECT_EQ(*decode_renew(payload_of(bytes)), model::SubscriptionId{10});
  bytes.clear();
  encode(bytes, Credit{model::SubscriptionId{11}, 500});
  EXPECT_EQ(decode_credit(payload_of(bytes))->subscription, model::SubscriptionId{11});
  EXPECT_EQ(decode_credit(payload_of(bytes))->credit, 500u);
  bytes.clear();
  encode_ping(bytes);
  EXPECT_TRUE(decode_ping(payload_of(bytes)).ok());
  bytes.clear();
  encode_pong(bytes, 123);
  EXPECT_EQ(*decode_pong(payload_of(bytes)), 123u);
}

TEST(RoundTrip, Settle) {
  std::string bytes;
  encode(bytes, model::Settle{model::SubscriptionId{7}, 3, model::SettleKind::nack, 2, 500, "why", {{10, 2, 1}, {20, 1, 3}}});
  Frame frame;
  ASSERT_TRUE(split_frame(bytes, frame).ok());
  EXPECT_EQ(frame.request, 3u);
  model::Settle read;
  ASSERT_TRUE(decode_settle(frame.payload, read).ok());
  EXPECT_EQ(read.subscription, model::SubscriptionId{7});
  EXPECT_EQ(read.kind, model::SettleKind::nack);
  EXPECT_EQ(read.boot_epoch, 2u);
  EXPECT_EQ(read.duration_ms, 500);
  EXPECT_EQ(read.text, "why");
  ASSERT_EQ(read.ranges.size(), 2u);
  EXPECT_EQ(read.ranges[1].first_sequence, 20u);
  EXPECT_EQ(read.ranges[1].count, 1u);
  EXPECT_EQ(read.ranges[1].delivery, 3u);
}

TEST(RoundTrip, SettleTextIsCut) {
  std::string bytes;
  const std::string text(5'000, 'x');
  encode(bytes, model::Settle{.subscription = model::SubscriptionId{7}, .text = text, .ranges = {{1, 1, 1}}});
  model::Settle read;
  ASSERT_TRUE(decode_settle(payload_of(bytes), read).ok());
  EXPECT_EQ(read.text.size(), limits::error_text_bytes);
  EXPECT_EQ(read.duration_ms, -1);
}

TEST(RoundTrip, TextIsAlwaysUtf8) {
  std::string bytes;
  encode_error(bytes, 0, {Errc::no_queue, "There is no queue \xff."});
  Error error;
  ASSERT_TRUE(decode_error(payload_of(bytes), error).ok());
  EXPECT_EQ(error.message, "There is no queue \xef\xbf\xbd.");
}

TEST(RoundTrip, Settled) {
  std::string bytes;
  encode(bytes, model::SettleResult{model::SubscriptionId{7}, 3, 2, {Errc::stale_lease, "The leases ended."}, {{20, 1, 3}}});
  Frame frame;
  ASSERT_TRUE(split_frame(bytes, frame).ok());
  EXPECT_EQ(frame.request, 3u);
  const auto read = decode_settled(frame.payload);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->applied, 2u);
  EXPECT_EQ(read->error.code, Errc::stale_lease);
  ASSERT_EQ(read->stale.size(), 1u);
  EXPECT_EQ(read->stale[0].first_sequence, 20u);
}

TEST(RoundTrip, EndsAndErrors) {
  std::string bytes;
  encode(bytes, model::SubscriptionEnded{model::SubscriptionId{7}, {Errc::no_queue, "Removed."}});
  EXPECT_EQ(decode_subscription_ended(payload_of(bytes))->error.code, Errc::no_queue);
  bytes.clear();
  encode_error(bytes, 12, {Errc::overloaded, "Full.", std::chrono::milliseconds{250}, {}});
  Frame frame;
  ASSERT_TRUE(split_frame(bytes, frame).ok());
  EXPECT_EQ(frame.request, 12u);
  Error error;
  ASSERT_TRUE(decode_error(frame.payload, error).ok());
  EXPECT_EQ(error.code, Errc::overloaded);
  EXPECT_EQ(error.message, "Full.");
  EXPECT_EQ(error.retry_after.count(), 250);
  bytes.clear();
  encode_goodbye(bytes, Errc::closed, "The broker stops.");
  ASSERT_TRUE(decode_goodbye(payload_of(bytes), error).ok());
  EXPECT_EQ(error.code, Errc::closed);
  EXPECT_EQ(error.message, "The broker stops.");
}

}  // namespace
}  // namespace ackwire::wire
