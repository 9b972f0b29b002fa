// Records of messages that left their block: a large one is written once, whatever becomes of its message.
#include "broker_world.hpp"
#include "engine/repair/repair.hpp"
#include "engine/rows/body.hpp"

namespace ackwire::test {
namespace {

using store::Table;

/// Counts the bytes of the keys and values that are put.
class CountingTransaction final : public store::Transaction {
 public:
  CountingTransaction(std::unique_ptr<store::Transaction> inner, std::uint64_t& bytes) : inner_(std::move(inner)), bytes_(bytes) {}
  std::optional<std::string_view> get(Table table, std::string_view key) override { return inner_->get(table, key); }
  void put(Table table, std::string_view key, std::string_view value) override {
    bytes_ += key.size() + value.size();
    inner_->put(table, key, value);
  }
  bool erase(Table table, std::string_view key) override { return inner_->erase(table, key); }
  bool seek(Table table, std::string_view key, store::Row& row) override { return inner_->seek(table, key, row); }
  bool seek_back(Table table, std::string_view key, store::Row& row) override { return inner_->seek_back(table, key, row); }
  Status status() const override { return inner_->status(); }
  Status commit() override { return inner_->commit(); }

 private:
  std::unique_ptr<store::Transaction> inner_;
  std::uint64_t& bytes_;
};

class CountingStore final : public store::Store {
 public:
  explicit CountingStore(store::Store& inner) : inner_(inner) {}
  Result<std::unique_ptr<store::Transaction>> begin() override {
    auto tx = inner_.begin();
    if (!tx) return tx;
    return std::unique_ptr<store::Transaction>(std::make_unique<CountingTransaction>(std::move(*tx), bytes));
  }
  store::Usage usage() const override { return inner_.usage(); }
  std::string_view id() const override { return inner_.id(); }
  std::string_view secret() const override { return inner_.secret(); }
  std::uint64_t bytes = 0;

 private:
  store::Store& inner_;
};

constexpr std::size_t mebibyte = 1u << 20, small = 64u << 10;

class Bodies : public BrokerWorld {
 protected:
  void SetUp() override { restart(); }
  void restart() {
    engine_ = std::make_unique<engine::Engine>(counting_, options_);
    ASSERT_TRUE(engine_->open(now()).ok());
  }
  /// Bytes that `act` put into the store.
  template <class Act>
  std::uint64_t put_by(Act act) {
    const std::uint64_t before = counting_.bytes;
    act();
    return counting_.bytes - before;
  }
  void fail_first(std::size_t size = mebibyte - 1'000) {
    make_queue({.max_attempts = 4, .backoff = {.initial = Duration{1'000}, .jitter = 0}});
    body_ = std::string(size, 'b');
    ASSERT_TRUE(publish(body_, "key").ok());
    ASSERT_EQ(subscribe(alice).code, Errc::ok);
    got_ = take(alice).at(0);
    nack(alice, got_);
  }
  void come_again() {
    pass(Duration{20'000});
    idle_until_quiet();
    got_ = take(alice).at(0);
    EXPECT_TRUE(got_.body == body_);
  }
  model::Moved move(model::DeadAction action) {
    return std::get<model::Moved>(ask(model::MoveDead{action, "orders", "default", {}, 0, 0}));
  }

  CountingStore counting_{*store_};
  std::string body_;
  Got got_;
};

TEST_F(Bodies, AFailureOfALargeMessageWritesLittle) {
  fail_first();
  EXPECT_EQ(rows(Table::bodies), 1u);
  EXPECT_LT(put_by([&] { come_again(); }), small) << "a hand-over";
  EXPECT_LT(put_by([&] { nack(alice, got_); }), small) << "a nack";
  come_again();
  EXPECT_LT(put_by([&] { settle(alice, model::SettleKind::release, {got_.token()}); }), small) << "a release";
  got_ = take(alice).at(0);
  EXPECT_LT(put_by([&] {
              pass(Duration{40'000});
              idle_until_quiet();
            }),
            small)
      << "the end of a lease";
  hear(alice);
  idle_until_quiet();
  got_ = take(alice).at(0);
  EXPECT_LT(put_by([&] { nack(alice, got_); }), small) << "a death";
  ASSERT_EQ(rows(Table::dead), 1u);
  EXPECT_LT(put_by([&] { EXPECT_EQ(move(model::DeadAction::redrive).moved.moved, 1u); }), small) << "a redrive";
  EXPECT_EQ(rows(Table::bodies), 1u);
  idle_until_quiet();
  got_ = take(alice).at(0);
  EXPECT_TRUE(got_.body == body_);
  EXPECT_LT(put_by([&] { ack(alice, got_); }), small) << "an ack";
  EXPECT_EQ(rows(Table::bodies), 0u);
  EXPECT_EQ(rows(Table::retry), 0u);
  expect_conserved();
}

TEST_F(Bodies, LeaveWithTheirMessage) {
  fail_first(5'000);
  EXPECT_EQ(rows(Table::bodies), 1u);
  ask(model::Purge{"orders", 0});
  EXPECT_EQ(rows(Table::bodies), 0u) << "purged";
  ASSERT_TRUE(publish(std::string(5'000, 'c')).ok());
  settle(alice, model::SettleKind::reject, {take(alice).at(0).token()});
  EXPECT_EQ(rows(Table::bodies), 1u);
  EXPECT_EQ(move(model::DeadAction::discard).moved.moved, 1u);
  EXPECT_EQ(rows(Table::bodies), 0u) << "discarded";
  const std::string body(5'000, 'd');
  Message late;
  late.body = body;
  late.delay = Duration{5'000};
  late.ttl = Duration{6'000};
  set({.on_expiry = OnExpiry::discard, .paused = true});
  ASSERT_TRUE(publish({late}).ok());
  EXPECT_EQ(rows(Table::bodies), 1u);
  pass(Duration{10'000});
  idle_until_quiet();
  EXPECT_EQ(rows(Table::bodies), 0u) << "expired";
  expect_conserved();
}

TEST_F(Bodies, LeaveWithTheirGroupAndTheirQueue) {
  fail_first(5'000);
  ask(model::CreateGroup{"orders", "second", true});
  const std::string body(5'000, 'd');
  Message late;
  late.body = body;
  late.delay = Duration{5'000};
  ASSERT_TRUE(publish({late}).ok());
  EXPECT_EQ(rows(Table::bodies), 3u);
  ask(model::RemoveGroup{"orders", "second"});
  idle_until_quiet();
  EXPECT_EQ(rows(Table::bodies), 2u);
  ask(model::RemoveQueue{"orders", true});
  idle_until_quiet();
  EXPECT_EQ(rows(Table::bodies), 0u);
}

TEST_F(Bodies, OfSmallMessagesLieInTheirRow) {
  fail_first(engine::body_bytes_min - 100);
  EXPECT_EQ(rows(Table::bodies), 0u);
  EXPECT_EQ(rows(Table::retry), 1u);
  come_again();
}

TEST_F(Bodies, AreReadAgainAfterARestart) {
  fail_first(5'000);
  restart();
  ASSERT_EQ(subscribe(alice).code, Errc::ok);
  come_again();
  settle(alice, model::SettleKind::reject, {got_.token()});
  EXPECT_EQ(dead().letters.at(0).body.size(), 1'000u) << "as far as was asked for";
  const auto again = publish(body_, "key");
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->at(0).duplicate);
}

/// The row as format 1 had it: the record inside. It moves out when the row is written the next time.
TEST_F(Bodies, OfRowsThatHoldTheirRecordMoveOutWhenTheRowChanges) {
  fail_first(50'000);
  const engine::Key at = engine::key::at(1, 1, 1);
  {
    auto tx = std::move(*store_->begin());
    engine::TakenOut row;
    ASSERT_TRUE(read_taken_out(*tx, at, *tx->get(Table::retry, at), row));
    row.body_bytes = 0;
    tx->put(Table::retry, at, encode(row));
    tx->erase(Table::bodies, at);
    ASSERT_TRUE(tx->commit().ok());
  }
  come_again();
  EXPECT_EQ(rows(Table::bodies), 1u);
  EXPECT_LT(put_by([&] { nack(alice, got_); }), small);
}

TEST_F(Bodies, ADamagedOneIsADeadLetterAndTheNextOneGoesOn) {
  damaged_ = true;
  fail_first(50'000);
  ASSERT_TRUE(store_->damage(Table::bodies, std::string(std::string_view(engine::key::at(1, 1, 1))), 4'000, 1));
  const auto report = engine::verify(*store_);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems.size(), 1u);
  pass(Duration{20'000});
  idle_until_quiet();
  const auto letters = dead().letters;
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].reason, DeadReason::damaged);
  EXPECT_EQ(move(model::DeadAction::redrive).moved.moved, 0u);
  EXPECT_EQ(move(model::DeadAction::discard).moved.moved, 1u);
  EXPECT_EQ(rows(Table::bodies), 0u);
  expect_conserved();
  EXPECT_EQ(engine::verify(*store_)->problems, std::vector<std::string>{});
}

TEST_F(Bodies, ARowThatIsDamagedLeavesItsRecordWhole) {
  damaged_ = true;
  fail_first(50'000);
  ASSERT_TRUE(store_->damage(Table::retry, std::string(std::string_view(engine::key::at(1, 1, 1))), 9, 6));
  pass(Duration{20'000});
  idle_until_quiet();
  ASSERT_EQ(dead().letters.size(), 1u);
  EXPECT_EQ(dead().letters[0].reason, DeadReason::damaged);
  EXPECT_EQ(move(model::DeadAction::redrive).moved.moved, 1u);
  come_again();
  ack(alice, got_);
  EXPECT_EQ(rows(Table::bodies), 0u);
  EXPECT_EQ(engine::verify(*store_)->problems, std::vector<std::string>{});
}

TEST_F(Bodies, ARecordWhoseRowIsLostIsADeadLetterAfterARepair) {
  damaged_ = true;
  fail_first(50'000);
  engine_.reset();
  {
    auto tx = std::move(*store_->begin());
    tx->erase(Table::retry, engine::key::at(1, 1, 1));
    ASSERT_TRUE(tx->commit().ok());
  }
  EXPECT_FALSE(engine::verify(*store_)->problems.empty());
  ASSERT_TRUE(engine::repair(*store_, Timestamp{Duration{wall_}}).ok());
  EXPECT_EQ(engine::verify(*store_)->problems, std::vector<std::string>{});
  restart();
  ASSERT_EQ(dead().letters.size(), 1u);
  EXPECT_EQ(move(model::DeadAction::redrive).moved.moved, 1u);
}

}  // namespace
}  // namespace ackwire::test
