// Damage in the store: one bit of one row, of every kind. The broker goes on, no other queue is hindered, nothing wrong is handed
// out, no message is forgotten, and the counters still add up.
#include <map>
#include <set>

#include "engine/broker_world.hpp"
#include "engine/repair/repair.hpp"
#include "engine/rows/row.hpp"

namespace ackwire::test {
namespace {

using store::Table;

constexpr std::array<std::string_view, store::table_count> table_names{"state", "blocks", "marks",   "retry", "due",
                                                                       "dead",  "dedupe", "history", "bodies"};
constexpr std::size_t places_per_row = 24;  // of flipped bits, spread over the row

struct Place {
  Table table{};
  std::string key;
  std::size_t offset = 0;
  std::uint8_t flip = 0;
};

std::ostream& operator<<(std::ostream& out, const Place& place) {
  out << table_names[static_cast<std::size_t>(place.table)] << ' ';
  for (const unsigned char c : place.key) out << std::hex << int{c} / 16 << int{c} % 16;
  return out << std::dec << " byte " << place.offset << " flip " << int{place.flip};
}

class Damage : public BrokerWorld {
 protected:
  /// Two queues; in `orders` messages in every state, with rows in every table.
  void build() {
    engine_.reset();
    store_ = store::MemoryStore::make(1);
    effects_.clear();
    bodies_.clear();
    acked_.clear();
    producer_sequence_ = 0;
    wall_ = 1'700'000'000'000, mono_ = 1'000;
    start();
    QueuePolicy policy;
    policy.backoff = {.initial = Duration{60'000}, .multiplier = 1, .max = Duration{60'000}, .jitter = 0};
    make_queue(policy);
    make_queue({}, "other");
    for (int block = 0; block < 3; ++block) {
      std::vector<Message> batch;
      std::vector<std::string> names;
      for (int i = 0; i < 6; ++i)
        names.push_back("body-" + std::to_string(block) + "-" + std::to_string(i) + std::string(20 + i % 2, 'x'));
      std::vector<std::string> bodies = names;
      if (block < 2)
        bodies[block == 0 ? 3 : 0] += std::string(1'500, 'y');  // one that dies and one that fails have a row in `bodies`
      for (std::size_t i = 0; i < names.size(); ++i) batch.push_back({.body = bodies[i], .idempotency_key = names[i]});
      const auto receipts = publish(batch);
      ASSERT_TRUE(receipts.ok());
      for (std::size_t i = 0; i < names.size(); ++i) bodies_[(*receipts)[i].sequence] = bodies[i];
    }
    pass(Duration{1'000});
    ASSERT_EQ(subscribe(alice, 9).code, Errc::ok);  // a block and a half
    const auto got = take(alice);
    ASSERT_EQ(got.size(), 9u);
    set({.paused = true});
    for (const std::size_t i : {1u, 4u, 7u}) acknowledge(got[i]);
    nack(alice, got[5]);
    nack(alice, got[6]);
    for (const std::size_t i : {2u, 3u}) settle(alice, model::SettleKind::reject, {got[i].token()}, -1, "never");
    ASSERT_EQ(std::get<Job>(ask(model::StartJob{JobKind::purge, "other", "", {}})).state, JobState::done);
    pass(Duration{2'000});  // a sample is taken
    idle();
    effects_.clear();  // the broker dies now, with leases out
    for (const Table table : {Table::marks, Table::retry, Table::dead, Table::blocks, Table::bodies}) ASSERT_GT(rows(table), 0u);
    engine_.reset();
  }

  void acknowledge(const Got& got) {
    ASSERT_EQ(ack(got.session, got).applied, 1u);
    acked_.insert(got.sequence);
  }

  std::vector<Place> places() {
    std::vector<Place> all;
    auto tx = *store_->begin();
    for (std::size_t table = 0; table < store::table_count; ++table) {
      store::Row row;
      std::string from(1, '\0');
      while (tx->seek(static_cast<Table>(table), from, row)) {
        const std::size_t step = std::max<std::size_t>(1, row.value.size() / places_per_row);
        for (std::size_t at = 0; at < row.value.size(); at += step)
          all.push_back({static_cast<Table>(table), std::string(row.key), at, static_cast<std::uint8_t>(1 << (at * 5 % 8))});
        from.assign(row.key);
        from.push_back('\0');
      }
    }
    return all;
  }

  std::vector<std::string> problems() { return engine::verify(*store_)->problems; }

  /// Everything that `orders` still gives, acked.
  void drain() {
    set({.paused = false});
    if (subscribe(alice).code != Errc::ok) return ADD_FAILURE() << "the queue is gone";
    for (int quiet = 0; quiet < 3; ++quiet) {
      for (auto got = take(alice); !got.empty(); got = take(alice)) {
        quiet = 0;
        for (const Got& one : got) {
          EXPECT_FALSE(acked_.contains(one.sequence)) << one.sequence << " was acked before";
          EXPECT_EQ(one.body, bodies_[one.sequence]) << one.sequence;
          acknowledge(one);
        }
      }
      pass(Duration{100'000});
      idle_until_quiet();
    }
    end_session(alice);
  }

  bool find(const std::string& name) { return std::holds_alternative<QueueInfo>(ask(model::GetQueue{name})); }

  void expect_nothing_forgotten() {
    std::set<std::uint64_t> dead_now;
    for (const DeadLetter& letter : dead().letters) dead_now.insert(letter.sequence);
    for (const auto& [sequence, body] : bodies_)
      EXPECT_TRUE(acked_.contains(sequence) || dead_now.contains(sequence)) << sequence << " is nowhere";
  }

  void expect_other_queue_works() {
    std::string records = record({.body = "unhindered"});
    model::Publish frame;
    frame.queue = "other";
    frame.producer.fill('q');
    frame.producer_sequence = frame.first_unconfirmed = ++producer_sequence_;
    frame.batches.push_back({1, records});
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.publish(producer, frame); }).ok());
    EXPECT_TRUE(take_confirm().ok());
    const model::Subscribe to_other{SubscriptionId{2}, "other", "default", 1};
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.subscribe(bob, to_other); }).ok());
    const auto got = take(bob);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].body, "unhindered");
  }

  std::map<std::uint64_t, std::string> bodies_;
  std::set<std::uint64_t> acked_;
};

TEST_F(Damage, OneFlippedBitInAnyRowIsSeenAndTheRestGoesOn) {
  damaged_ = true;
  build();
  for (const Place& place : places()) {
    build();
    SCOPED_TRACE(::testing::Message() << place);
    ASSERT_TRUE(store_->damage(place.table, place.key, place.offset, place.flip));
    const bool named = !problems().empty();
    start();
    expect_other_queue_works();
    drain();
    expect_nothing_forgotten();
    expect_conserved();
    if (!named) {  // then it is of no account: the value of an index row, a record that nobody needs any more
      EXPECT_TRUE(place.table == Table::due || place.table == Table::blocks);
      EXPECT_EQ(info().damaged, 0u);
      EXPECT_TRUE(dead({.reason = DeadReason::damaged, .sequences = {}}).letters.empty());
    }
    for (const std::string& problem : problems())
      EXPECT_TRUE(problem.starts_with("history") || problem.starts_with("dedupe")) << problem;
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST_F(Damage, RepairMakesEveryOneOfThemSoundAndForgetsNothing) {
  damaged_ = true;
  build();
  for (const Place& place : places()) {
    if (place.table == Table::due) continue;  // one turned bit of its values means nothing
    build();
    SCOPED_TRACE(::testing::Message() << place);
    ASSERT_TRUE(store_->damage(place.table, place.key, place.offset, place.flip));
    const auto done = engine::repair(*store_, Timestamp{Duration{wall_}});
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_FALSE(done->empty());
    EXPECT_EQ(problems(), std::vector<std::string>{});
    EXPECT_TRUE(engine::repair(*store_, Timestamp{Duration{wall_}})->empty()) << "a second repair has nothing to do";
    start();
    expect_other_queue_works();
    drain();
    expect_nothing_forgotten();
    expect_conserved();
    EXPECT_EQ(problems(), std::vector<std::string>{});
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST_F(Damage, ALengthThatIsWrongCostsOneMessageAndNoneBehindIt) {
  damaged_ = true;
  build();
  const std::string third(std::string_view{engine::key::block(1, 13)});  // six messages that nobody was given
  const std::size_t record = format::run_header_bytes;
  std::size_t size = 0;
  {
    auto tx = *store_->begin();
    format::Run run;
    std::string_view block = *tx->get(Table::blocks, third);
    ASSERT_TRUE(format::split_run(block, run));
    format::Record first;
    ASSERT_TRUE(format::split(run.records, first));
    size = first.bytes.size();
  }
  for (std::size_t bit = 0; bit < 32; ++bit) {
    for (const bool while_running : {false, true}) {
      build();
      SCOPED_TRACE(::testing::Message() << "bit " << bit << (while_running ? ", while running" : ""));
      if (while_running) {
        start();
        EXPECT_EQ(group().ready, 11u);
      }
      ASSERT_TRUE(store_->damage(Table::blocks, third, record + size + bit / 8, static_cast<std::uint8_t>(1 << bit % 8)));
      if (!while_running) start();
      drain();
      expect_nothing_forgotten();
      expect_conserved();
      const auto letters = dead({.reason = DeadReason::damaged, .sequences = {}}).letters;
      ASSERT_EQ(letters.size(), 1u);
      EXPECT_EQ(letters[0].sequence, 14u);
      EXPECT_EQ(letters[0].body, bodies_[14]) << "its checksum proves that only the length was wrong";
      EXPECT_EQ(group().ready, 0u);
      EXPECT_EQ(problems(), std::vector<std::string>{});
    }
  }
}

TEST_F(Damage, ABlockWithTwoFaultsIsKeptWholeFromTheFirstOnAndLaterBlocksGoOn) {
  damaged_ = true;
  build();
  const std::string second(std::string_view{engine::key::block(1, 7)});
  // Length and checksum of message 10: nothing tells where the next one begins.
  auto at = format::run_header_bytes;
  {
    auto tx = *store_->begin();
    format::Run run;
    std::string_view block = *tx->get(Table::blocks, second);
    ASSERT_TRUE(format::split_run(block, run));
    format::Record one;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(format::split(run.records, one));
      at += one.bytes.size();
    }
  }
  ASSERT_TRUE(store_->damage(Table::blocks, second, at, 0x40));
  ASSERT_TRUE(store_->damage(Table::blocks, second, at + 4, 0x01));
  start();
  drain();
  expect_nothing_forgotten();
  expect_conserved();
  std::vector<std::uint64_t> sequences;
  std::uint64_t bytes = 0;
  for (const DeadLetter& letter : dead({.reason = DeadReason::damaged, .sequences = {}}).letters) {
    sequences.push_back(letter.sequence);
    bytes += letter.body_bytes;
  }
  EXPECT_EQ(sequences, (std::vector<std::uint64_t>{10, 11, 12}));
  EXPECT_NE(bytes, 0u) << "the bytes are kept, with the first of them";
  EXPECT_TRUE(acked_.contains(9));
  EXPECT_TRUE(acked_.contains(13) && acked_.contains(18)) << "the block behind it";
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(Damage, APurgeTakesADamagedBlockToo) {
  damaged_ = true;
  build();
  ASSERT_TRUE(
      store_->damage(Table::blocks, std::string(std::string_view{engine::key::block(1, 13)}), format::run_header_bytes + 1, 1));
  start();
  idle_until_quiet();
  std::uint64_t count = 0;
  for (bool more = true; more;) {
    const auto purged = std::get<model::Purged>(ask(model::Purge{"orders", 0}));
    count += purged.count;
    more = purged.more;
  }
  EXPECT_EQ(count, 13u);  // 18 less 3 acked and 2 dead
  EXPECT_EQ(info().depth, 0u);
  EXPECT_EQ(info().depth_bytes, 0u);
  expect_conserved();
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(Damage, AStoreWithoutTheRowOfTheBrokerIsRefusedAndNotTakenForEmpty) {
  damaged_ = true;
  build();
  {
    auto tx = *store_->begin();
    ASSERT_TRUE(tx->erase(Table::state, std::string_view{engine::key::boot()}));
    ASSERT_TRUE(tx->commit().ok());
  }
  EXPECT_FALSE(problems().empty());
  engine::Engine refused(*store_, options_);
  const Status opened = refused.open(now());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::store_damaged);
  ASSERT_TRUE(engine::repair(*store_, Timestamp{Duration{wall_}}).ok());
  start();
  EXPECT_GT(engine_->boot_epoch(), 1'000'000'000u) << "above all that were before";
  drain();
  expect_nothing_forgotten();
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(Damage, ARowOfRubbishHindersNobodyElseAndCanBeRepaired) {
  damaged_ = true;
  build();
  std::set<std::pair<Table, std::string>> all;
  for (const Place& place : places()) all.insert({place.table, place.key});
  for (const auto& [table, key] : all) {
    for (const bool repair_first : {false, true}) {
      build();
      const Place place{table, key};
      SCOPED_TRACE(::testing::Message() << place << (repair_first ? ", repaired" : ""));
      for (std::size_t at = 0; store_->damage(table, key, at, static_cast<std::uint8_t>(0x5a + at * 7)); ++at) {
      }
      engine_ = std::make_unique<engine::Engine>(*store_, options_);
      const bool opens = engine_->open(now()).ok();
      EXPECT_TRUE(opens || table == Table::state) << "the broker does not start";
      engine_.reset();
      if (repair_first || !opens) {
        ASSERT_TRUE(engine::repair(*store_, Timestamp{Duration{wall_}}).ok());
        EXPECT_EQ(problems(), std::vector<std::string>{});
        if (table == Table::state && key[0] == 'G') acked_.clear();  // where the group was is lost, and repair says so
      }
      start();
      if (find("other")) expect_other_queue_works();
      if (find("orders")) drain();
      engine_.reset();
      ASSERT_TRUE(engine::repair(*store_, Timestamp{Duration{wall_}}).ok());
      EXPECT_EQ(problems(), std::vector<std::string>{});
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }
}

TEST_F(Damage, AMessageWhoseRowIsDamagedCanBeRedrivenWhenItIsWhole) {
  damaged_ = true;
  build();
  const std::string row_of_6(std::string_view{engine::key::at(1, 1, 6)});
  ASSERT_TRUE(store_->damage(Table::retry, row_of_6, 5, 1));  // in the row, not in its record
  start();
  pass(Duration{100'000});
  drain();
  const auto letters = dead({.reason = DeadReason::damaged, .sequences = {}}).letters;
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].sequence, 6u);
  EXPECT_EQ(letters[0].body, bodies_[6]);
  EXPECT_EQ(info().damaged, 1u);
  EXPECT_EQ(std::get<model::Moved>(ask(model::MoveDead{model::DeadAction::redrive, "orders", "default", {}, 0, 0})).moved.moved,
            3u);
  drain();
  EXPECT_TRUE(acked_.contains(6));
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(Damage, AMessageThatIsDamagedItselfIsKeptAsItIsAndNotRedriven) {
  damaged_ = true;
  build();
  const std::string row_of_6(std::string_view{engine::key::at(1, 1, 6)});
  ASSERT_TRUE(store_->damage(Table::retry, row_of_6, 100, 1));
  start();
  pass(Duration{100'000});
  drain();
  ASSERT_EQ(dead({.reason = DeadReason::damaged, .sequences = {}}).letters.size(), 1u);
  EXPECT_EQ(std::get<model::Moved>(ask(model::MoveDead{model::DeadAction::redrive, "orders", "default", {}, 0, 0})).moved.moved,
            2u);
  drain();
  EXPECT_EQ(dead().letters.size(), 1u);
  EXPECT_EQ(std::get<model::Moved>(ask(model::MoveDead{model::DeadAction::discard, "orders", "default", {}, 0, 0})).moved.moved,
            1u);
  expect_conserved();
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(Damage, AnAckNeedsNoBytes) {
  damaged_ = true;
  build();
  start();
  set({.paused = false});
  pass(Duration{100'000});
  ASSERT_EQ(subscribe(alice).code, Errc::ok);
  auto got = take(alice);
  const auto six = std::find_if(got.begin(), got.end(), [](const Got& one) { return one.sequence == 6; });
  ASSERT_NE(six, got.end());
  ASSERT_TRUE(store_->damage(Table::retry, std::string(std::string_view{engine::key::at(1, 1, 6)}), 20, 4));
  acknowledge(*six);
  EXPECT_TRUE(dead({.reason = DeadReason::damaged, .sequences = {}}).letters.empty());
  expect_conserved();
  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(Damage, KeysThatCannotBeReadRefusePublishesWithAKeyAndNothingElse) {
  damaged_ = true;
  build();
  for (const Place& place : places()) {
    if (place.table != Table::dedupe) continue;
    ASSERT_TRUE(store_->damage(place.table, place.key, place.offset, place.flip));
    break;
  }
  start();
  const auto with_key = publish("again", "some-key");
  ASSERT_FALSE(with_key.ok());
  EXPECT_EQ(with_key.error().code, Errc::store_damaged);
  EXPECT_TRUE(publish("without").ok());
  EXPECT_EQ(info().damaged, 1u);
  engine_.reset();
  ASSERT_TRUE(engine::repair(*store_, Timestamp{Duration{wall_}}).ok());
  start();
  EXPECT_TRUE(publish("again", "some-key").ok());
  const auto known = publish(bodies_[2], bodies_[2]);
  ASSERT_TRUE(known.ok());
  EXPECT_TRUE((*known)[0].duplicate) << "one bit was put right, so every key is still known";
}

}  // namespace
}  // namespace ackwire::test
