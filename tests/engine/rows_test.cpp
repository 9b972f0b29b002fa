// Rows that can grow: what a newer version added is kept or refused, what an older one wrote is read.
#include <gtest/gtest.h>

#include <random>

#include "broker_world.hpp"
#include "engine/repair/repair.hpp"
#include "engine/rows/row.hpp"
#include "engine/verify.hpp"
#include "format/members.hpp"
#include "format/record.hpp"

namespace ackwire::engine {
namespace {

using format::member_required;
using format::member_sized;
using format::MemberWriter;

/// A row with tagged members.
std::string tagged(const std::string& members) {
  std::string row = seal(members);
  std::uint32_t crc = 0;
  std::memcpy(&crc, row.data(), sizeof crc);
  crc = ~crc;
  std::memcpy(row.data(), &crc, sizeof crc);
  return row;
}

std::string member(std::uint8_t number, std::uint8_t kind, const std::string& bytes) {
  std::string out{static_cast<char>(number), static_cast<char>(kind)};
  return out + bytes;
}

GroupRow a_group() {
  GroupRow row;
  row.name = "billing";
  row.cursor = 300;
  row.floor = 1;
  row.published = ~std::uint64_t{0};
  row.acked = 0;
  row.redriven = 1ull << 40;
  return row;
}

TEST(Rows, AreReadAsTheyWereWritten) {
  const GroupRow row = a_group();
  GroupRow read;
  read.acked = 9;  // what is absent is 0, whatever was there
  ASSERT_TRUE(decode(encode(row), read));
  EXPECT_EQ(read.name, "billing");
  EXPECT_EQ(read.cursor, 300u);
  EXPECT_EQ(read.floor, 1u);
  EXPECT_EQ(read.published, ~std::uint64_t{0});
  EXPECT_EQ(read.acked, 0u);
  EXPECT_EQ(read.redriven, 1ull << 40);
  QueueRow queue, queue_read;
  queue.policy.backoff.multiplier = 1.5;
  queue.policy.backoff.initial = Duration{-1};
  queue.policy.on_expiry = OnExpiry::discard;
  queue.policy.paused = true;
  ASSERT_TRUE(decode(encode(queue), queue_read));
  EXPECT_EQ(queue_read.policy, queue.policy);
  LivesRow lives, lives_read;
  lives.epochs = {1, 0, 1ull << 60};
  ASSERT_TRUE(decode(encode(lives), lives_read));
  EXPECT_EQ(lives_read.epochs, lives.epochs);
}

TEST(Rows, OfAMessageKeepItsErrorsInOrder) {
  TakenOut row, read;
  row.publish_ms = 1'700'000'000'000;
  row.deliveries = 3;
  row.detail = "detail";
  row.errors.push_back({{}, {Timestamp{Duration{5}}, 1, "first"}});
  row.errors.push_back({{}, {Timestamp{Duration{6}}, 2, ""}});
  row.record = std::string(70'000, 'r');
  ASSERT_TRUE(decode(encode(row), read));
  ASSERT_EQ(read.errors.size(), 2u);
  EXPECT_EQ(read.errors[0].text, "first");
  EXPECT_EQ(read.errors[1].delivery, 2u);
  EXPECT_EQ(read.errors[1].time, Timestamp{Duration{6}});
  EXPECT_EQ(read.detail, "detail");
  EXPECT_TRUE(read.record == row.record);
  EXPECT_EQ(read.record_bytes(), 70'000u);
  row.body_bytes = 70'000;  // it lies elsewhere
  const std::string small = encode(row);
  EXPECT_LT(small.size(), 100u);
  ASSERT_TRUE(decode(small, read));
  EXPECT_TRUE(read.record.empty());
  EXPECT_EQ(read.record_bytes(), 70'000u);
}

TEST(Rows, AreSmall) {
  EXPECT_LE(encode(a_group()).size(), 50u);
  SampleRow sample;
  sample.time = Timestamp{Duration{1'700'000'000'000}};
  sample.published = sample.delivered = sample.acked = 1'000;
  sample.depth = 10;
  EXPECT_LE(encode(sample).size(), 32u);
}

TEST(Rows, KeepAMemberThatTheyDoNotKnowAndWriteItBack) {
  const std::string known = encode(a_group()).substr(4);
  const std::string number = member(77, 2, std::string("\x01\x02", 2)), text = member(78, member_sized | 1, "\x05hello");
  GroupRow row;
  ASSERT_TRUE(decode(tagged(known + number + text), row));
  EXPECT_EQ(row.name, "billing");
  row.cursor = 400;
  const std::string again = encode(row);
  EXPECT_NE(again.find(number + text), std::string::npos);
  GroupRow read;
  ASSERT_TRUE(decode(again, read));
  EXPECT_EQ(read.cursor, 400u);
  EXPECT_EQ(read.kept, number + text);
}

TEST(Rows, KeepMembersInTheOrderOfTheirNumbers) {
  TakenOut row, read;
  row.record = "the record";
  row.kept = member(10, 1, "\x07");
  row.errors.push_back({{member(9, 1, "\x08")}, {Timestamp{Duration{5}}, 1, "first"}});
  const std::string bytes = encode(row);
  EXPECT_TRUE(bytes.ends_with("the record")) << "salvage() finds it at the end of a damaged row";
  ASSERT_TRUE(decode(bytes, read));
  EXPECT_EQ(read.kept, row.kept);
  EXPECT_EQ(read.errors.at(0).kept, row.errors[0].kept);
  EXPECT_EQ(read.record, "the record");
  EXPECT_EQ(encode(read), bytes);
}

TEST(Rows, RefuseAMemberThatMustBeKnown) {
  const std::string known = encode(a_group()).substr(4);
  GroupRow row;
  const Decoded read = decode(tagged(known + member(77, member_required | 1, "\x01")), row);
  EXPECT_FALSE(read);
  EXPECT_TRUE(read.is_newer());
  TakenOut message;
  message.errors.push_back({{member(9, member_required | 1, "\x08")}, {}});
  EXPECT_TRUE(decode(encode(message), message).is_newer()) << "also inside of a member";
}

TEST(Rows, SeeEveryFlippedBit) {
  const std::string row = encode(a_group());
  for (std::size_t bit = 0; bit < 8 * row.size(); ++bit) {
    std::string damaged = row;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << (bit % 8));
    GroupRow read;
    const Decoded outcome = decode(damaged, read);
    EXPECT_FALSE(outcome) << bit;
    EXPECT_FALSE(outcome.is_newer()) << bit;
  }
}

TEST(Rows, SeeALayoutThatCannotBe) {
  GroupRow group;
  QueueRow queue;
  EXPECT_FALSE(decode(tagged(member(5, 1, "\x01") + member(3, 1, "\x01")), group)) << "numbers fall";
  EXPECT_FALSE(decode(tagged(member(3, 9, "123456789")), group)) << "there is no such width";
  EXPECT_FALSE(decode(tagged(member(3, 16 + 1, "\x01")), group)) << "there is no such kind";
  EXPECT_FALSE(decode(tagged(member(3, 8, "1234567")), group)) << "cut short";
  EXPECT_FALSE(decode(tagged(member(1, member_sized | 1,
                                    "\x05"
                                    "four")),
                      group))
      << "cut short";
  EXPECT_FALSE(decode(tagged(member(3, member_sized | 1,
                                    "\x01"
                                    "a")),
                      group))
      << "bytes where a number should be";
  EXPECT_FALSE(decode(tagged(member(1, 1, "a")), group)) << "a number where bytes should be";
  EXPECT_FALSE(decode(tagged(member(2, 1, "\x02")), group)) << "more than it can hold";
  EXPECT_FALSE(decode(tagged("\x01"), group));
  EXPECT_FALSE(decode(tagged(member(3, 1, "\x01") + member(3, 1, "\x02")), group)) << "twice, and no list";
  EXPECT_TRUE(decode(tagged(""), group)) << "everything has its default";
  EXPECT_EQ(group.cursor, 0u);
  EXPECT_TRUE(decode(tagged(""), queue));
}

/// Whatever is behind a checksum that holds: what is read is what is written again.
TEST(Rows, OfAnyBytesAreReadToTheEndOrNotAtAll) {
  std::mt19937_64 random(11);
  TakenOut sample;
  sample.publish_ms = 1'700'000'000'000;
  sample.errors.push_back({{}, {Timestamp{Duration{5}}, 1, "first"}});
  sample.detail = "detail";
  sample.record = "the record";
  const std::string sound = encode(sample).substr(4);
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string members = sound;
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes)
      members[random() % members.size()] = static_cast<char>(random());
    if (random() % 4 == 0) members.resize(random() % members.size());
    TakenOut row, again;
    const Decoded read = decode(tagged(members), row);
    if (!read) continue;
    ++good;
    ASSERT_TRUE(decode(encode(row), again)) << i;
    EXPECT_EQ(encode(again), encode(row)) << i;
  }
  EXPECT_GT(good, 500);
}

/// A row as format 1 wrote it.
TEST(Rows, OfFormat1AreRead) {
  std::string payload;
  const auto put = [&payload](auto value) { payload.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(std::uint8_t{4});       // reason
  put(std::uint32_t{3});      // deliveries
  put(std::uint32_t{2});      // attempts
  put(std::uint32_t{1});      // redrives
  put(std::int64_t{1'000});   // published
  put(std::uint64_t{2'000});  // due
  put(std::uint32_t{2});
  payload += "ab";        // detail
  put(std::uint32_t{1});  // errors
  put(std::int64_t{1'500});
  put(std::uint32_t{2});
  put(std::uint32_t{4});
  payload += "boom";
  put(std::uint32_t{6});
  payload += "record";
  TakenOut row;
  ASSERT_TRUE(decode(seal(payload), row));
  EXPECT_EQ(row.reason, 4u);
  EXPECT_EQ(row.attempts, 2u);
  EXPECT_EQ(row.redrives, 1u);
  EXPECT_EQ(row.publish_ms, 1'000);
  EXPECT_EQ(row.time_ms, 2'000u);
  EXPECT_EQ(row.errors.at(0).text, "boom");
  EXPECT_EQ(row.record, "record");
  EXPECT_FALSE(decode(seal(payload + "x"), row)) << "format 1 had no members behind";
  EXPECT_FALSE(decode(tagged(payload), row)) << "the checksum says which of the two it is";
}

class NewerStore : public test::BrokerWorld {
 protected:
  void TearDown() override {}

  /// Appends a member to a row.
  void grow(store::Table table, std::string_view at, const std::string& added) {
    auto tx = std::move(*store_->begin());
    const std::string row(tx->get(table, at).value_or(""));
    ASSERT_FALSE(row.empty());
    tx->put(table, at, tagged(row.substr(4) + added));
    ASSERT_TRUE(tx->commit().ok());
  }
  std::string get(store::Table table, std::string_view at) { return std::string((*store_->begin())->get(table, at).value_or("")); }
};

TEST_F(NewerStore, WithAMemberThatMustBeKnownIsRefusedAndNotChanged) {
  make_queue();
  ask(model::StartJob{JobKind::purge, "orders", "", {}});
  engine_.reset();
  for (const std::string& at : {std::string("E"), std::string(std::string_view(key::queue(1))), std::string("L"), std::string("T"),
                                std::string(std::string_view(key::job(1))), std::string(std::string_view(key::queue_state(1))),
                                std::string(std::string_view(key::group(1, 1)))}) {
    const std::string before = get(store::Table::state, at);
    grow(store::Table::state, at, member(99, member_required | 1, "\x01"));
    const std::uint64_t digest = store_->digest();
    engine_ = std::make_unique<Engine>(*store_, options_);
    const Status opened = engine_->open(now());
    ASSERT_FALSE(opened.ok()) << at;
    EXPECT_EQ(opened.error().code, Errc::store_version) << opened.error().message;
    EXPECT_NE(opened.error().message.find("newer version"), std::string::npos);
    engine_.reset();
    const auto repaired = repair(*store_, Timestamp{Duration{wall_}});
    ASSERT_FALSE(repaired.ok()) << "what is newer is not damaged";
    EXPECT_EQ(repaired.error().code, Errc::store_version);
    EXPECT_EQ(store_->digest(), digest);
    const auto report = verify(*store_);
    ASSERT_TRUE(report.ok());
    EXPECT_FALSE(report->problems.empty());
    auto tx = std::move(*store_->begin());
    tx->put(store::Table::state, at, before);
    ASSERT_TRUE(tx->commit().ok());
  }
}

TEST_F(NewerStore, KeepsWhatItDoesNotKnowInRowsThatChange) {
  make_queue();
  engine_.reset();
  const std::string added = member(99, member_sized | 1, "\x05newer");
  const std::vector<std::string> places{"E",
                                        "L",
                                        "T",
                                        std::string(std::string_view(key::queue(1))),
                                        std::string(std::string_view(key::queue_state(1))),
                                        std::string(std::string_view(key::group(1, 1)))};
  for (const std::string& at : places) grow(store::Table::state, at, added);
  start();
  set({.paused = true});
  ASSERT_TRUE(publish("a message").ok());
  for (const std::string& at : places) EXPECT_TRUE(get(store::Table::state, at).ends_with(added)) << at;
}

TEST_F(NewerStore, AMessageKeepsWhatItDoesNotKnowUntilItIsDead) {
  make_queue({.max_attempts = 2});
  ASSERT_TRUE(publish("a message").ok());
  ASSERT_EQ(subscribe(alice).code, Errc::ok);
  nack(alice, take().at(0), 10'000);
  const std::string added = member(99, member_sized | 1, "\x05newer");
  const Key at = key::at(1, 1, 1);
  auto tx = std::move(*store_->begin());
  TakenOut row;
  ASSERT_TRUE(decode(*tx->get(store::Table::retry, at), row));
  row.kept = added;
  tx->put(store::Table::retry, at, encode(row));
  ASSERT_TRUE(tx->commit().ok());
  tx.reset();
  pass(Duration{10'000});
  idle_until_quiet();
  nack(alice, take().at(0));
  EXPECT_NE(get(store::Table::dead, at).find(added), std::string::npos);
}

}  // namespace
}  // namespace ackwire::engine
