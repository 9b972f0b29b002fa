#include "engine/broker_world.hpp"
#include "engine/rows/row.hpp"

namespace ackwire::test {

using model::SettleKind;
using store::Table;

class QueueLife : public BrokerWorld {};

TEST_F(QueueLife, EachGroupSeesEveryMessageOnce) {
  make_queue();
  ask(model::CreateGroup{"orders", "audit", false});
  subscribe(alice, 100, "default");
  subscribe(bob, 100, "audit");
  for (int i = 0; i < 10; ++i) (void)publish("m" + std::to_string(i));
  const auto first = take(alice), second = take(bob);
  ASSERT_EQ(first.size(), 10u);
  ASSERT_EQ(second.size(), 10u);
  for (const Got& g : first) (void)ack(alice, g);
  EXPECT_GT(rows(Table::blocks), 0u);  // the other group still needs them
  for (std::size_t i = second.size(); i-- > 0;) (void)ack(bob, second[i]);
  EXPECT_EQ(rows(Table::blocks), 0u);
  EXPECT_EQ(rows(Table::marks), 0u);
  expect_conserved();
}

TEST_F(QueueLife, ANewGroupMayStartAtTheOldest) {
  make_queue();
  (void)publish("a");
  (void)publish("b");
  ask(model::CreateGroup{"orders", "late", false});
  ask(model::CreateGroup{"orders", "all", true});
  subscribe(alice, 10, "late");
  EXPECT_TRUE(take().empty());
  subscribe(bob, 10, "all");
  EXPECT_EQ(take(bob).size(), 2u);
  (void)publish("c");
  EXPECT_EQ(take(alice).size(), 1u);
  expect_conserved();
}

TEST_F(QueueLife, AGroupMayBeginInTheMiddleOfABlock) {
  make_queue();
  subscribe(alice);
  ASSERT_TRUE(turn([&](engine::Engine& e) {
                std::string first = record(Message{.body = "before"}), second = record(Message{.body = "after"});
                model::Publish frame;
                frame.queue = "orders";
                frame.producer_sequence = 1;
                frame.batches.push_back({1, first});
                e.publish(producer, frame);
                e.request(producer, 1, model::CreateGroup{"orders", "audit", false});
                frame.producer_sequence = 2;
                frame.batches[0].records = second;
                e.publish(producer, frame);
              }).ok());
  std::erase_if(effects_, [](const model::Effect& e) { return std::holds_alternative<model::Answer>(e.what); });
  EXPECT_EQ(rows(Table::blocks), 1u);
  subscribe(bob, 10, "audit");
  const auto got = take(bob);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body, "after");
  EXPECT_EQ(ack(bob, got[0]).applied, 1u);
  for (const Got& g : take(alice)) EXPECT_EQ(ack(alice, g).applied, 1u);
  EXPECT_EQ(rows(Table::blocks), 0u);
  expect_conserved();
}

TEST_F(QueueLife, RemovingAGroupFreesItsBlocks) {
  make_queue();
  ask(model::CreateGroup{"orders", "slow", false});
  subscribe(alice);
  for (int i = 0; i < 5; ++i) (void)publish("m");
  for (const Got& g : take()) (void)ack(alice, g);
  EXPECT_GT(rows(Table::blocks), 0u);
  EXPECT_TRUE(std::holds_alternative<model::Done>(ask(model::RemoveGroup{"orders", "slow"})));
  idle_until_quiet();
  EXPECT_EQ(rows(Table::blocks), 0u);
  EXPECT_TRUE(std::holds_alternative<Error>(ask(model::RemoveGroup{"orders", "default"})));
}

TEST_F(QueueLife, RemovalNeedsForceAndErasesEverything) {
  make_queue();
  for (int i = 0; i < 2'500; ++i) (void)publish("m", "key" + std::to_string(i));
  EXPECT_EQ(std::get<Error>(ask(model::RemoveQueue{"orders", false})).code, Errc::not_empty);
  EXPECT_TRUE(std::holds_alternative<model::Done>(ask(model::RemoveQueue{"orders", true})));
  EXPECT_EQ(std::get<Error>(ask(model::GetQueue{"orders"})).code, Errc::no_queue);
  idle();
  crash();
  make_queue();  // the name is free at once
  EXPECT_EQ((*publish("new", "key0"))[0].sequence, 1u);
  idle_until_quiet();
  EXPECT_EQ(rows(Table::blocks), 1u);
  subscribe(alice);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(QueueLife, PauseHoldsDeliveriesOnly) {
  make_queue();
  subscribe(alice);
  QueueChange pause;
  pause.paused = true;
  set(pause);
  ASSERT_TRUE(publish("a").ok());
  EXPECT_TRUE(take().empty());
  pause.paused = false;
  set(pause);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(QueueLife, PurgeDiscardsAllButTheLeased) {
  make_queue();
  subscribe(alice, 3);
  for (int i = 0; i < 2'000; ++i) (void)publish("m");
  const auto held = take();
  ASSERT_EQ(held.size(), 3u);
  std::uint64_t purged = 0, bound = 0;
  while (true) {
    const auto chunk = std::get<model::Purged>(ask(model::Purge{"orders", bound}));
    purged += chunk.count;
    bound = chunk.below_sequence;
    if (!chunk.more) break;
  }
  EXPECT_EQ(purged, 1'997u);
  EXPECT_EQ(group().discarded, 1'997u);
  for (const Got& g : held) EXPECT_EQ(ack(alice, g).applied, 1u);
  EXPECT_EQ(rows(Table::blocks), 0u);
  expect_conserved();
}

TEST_F(QueueLife, ExpiryFollowsThePolicy) {
  QueuePolicy policy;
  policy.ttl = Duration{1'000};
  make_queue(policy);
  (void)publish("a");
  Message own;
  own.body = "b";
  own.ttl = Duration{60'000};
  (void)publish({own});
  pass(Duration{1'000});
  idle_until_quiet();
  EXPECT_EQ(group().dead, 1u);
  EXPECT_EQ(dead().letters.at(0).reason, DeadReason::expired);
  QueueChange discard;
  discard.on_expiry = OnExpiry::discard;
  set(discard);
  pass(Duration{60'000});
  idle_until_quiet();
  EXPECT_EQ(group().expired, 1u);
  expect_conserved();
}

TEST_F(QueueLife, DeadLettersAreRedrivenUnderTheirSequence) {
  QueuePolicy policy;
  policy.max_attempts = 1;
  make_queue(policy);
  subscribe(alice);
  for (int i = 0; i < 3; ++i) (void)publish("m" + std::to_string(i), "k" + std::to_string(i));
  for (const Got& g : take()) (void)nack(alice, g);
  EXPECT_EQ(group().dead, 3u);
  DeadFilter two;
  two.sequences = {2, 77};
  const auto moved = std::get<model::Moved>(ask(model::MoveDead{model::DeadAction::redrive, "orders", "default", two, 0, 0}));
  EXPECT_EQ(moved.moved.moved, 1u);
  EXPECT_EQ(moved.moved.not_found, std::vector<std::uint64_t>{77});
  idle();
  const auto again = take();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].sequence, 2u);
  EXPECT_EQ(again[0].body, "m1");
  EXPECT_EQ(ack(alice, again[0]).applied, 1u);
  EXPECT_TRUE((*publish("m1", "k1"))[0].duplicate);
  const auto gone = std::get<model::Moved>(ask(model::MoveDead{model::DeadAction::discard, "orders", "default", {}, 0, 0}));
  EXPECT_EQ(gone.moved.moved, 2u);
  EXPECT_EQ(group().discarded, 2u);
  EXPECT_EQ(rows(Table::dead), 0u);
  expect_conserved();
}

TEST_F(QueueLife, PeekHasNoEffect) {
  make_queue();
  for (int i = 0; i < 5; ++i) (void)publish("m" + std::to_string(i));
  const auto digest = store_->digest();
  const auto page = std::get<PeekPage>(ask(model::Peek{"orders", "default", 0, 3, 100}));
  ASSERT_EQ(page.messages.size(), 3u);
  EXPECT_EQ(page.messages[2].body, "m2");
  EXPECT_EQ(page.messages[0].state, "ready");
  const auto rest = std::get<PeekPage>(ask(model::Peek{"orders", "default", page.next, 10, 1}));
  ASSERT_EQ(rest.messages.size(), 2u);
  EXPECT_EQ(rest.messages[0].body, "m");
  EXPECT_EQ(rest.messages[0].body_bytes, 2u);
  EXPECT_EQ(rest.next, 0u);
  EXPECT_EQ(store_->digest(), digest);
}

TEST_F(QueueLife, WorkIsSharedBetweenConsumers) {
  make_queue();
  QueueChange pause;
  pause.paused = true;
  set(pause);
  for (int i = 0; i < 90; ++i) (void)publish("m");
  subscribe(alice);
  subscribe(bob);
  subscribe(SessionId{4});
  pause.paused = false;
  set(pause);
  EXPECT_EQ(take(alice).size(), 30u);
  EXPECT_EQ(take(bob).size(), 30u);
}

TEST_F(QueueLife, CreditBoundsWhatIsOut) {
  make_queue();
  subscribe(alice, 2);
  for (int i = 0; i < 5; ++i) (void)publish("m");
  auto got = take();
  ASSERT_EQ(got.size(), 2u);
  ack(alice, got[0]);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(QueueLife, HistoryKeepsASampleASecond) {
  make_queue();
  for (int i = 0; i < 5; ++i) {
    (void)publish("m");
    pass(Duration{1'000});
    idle();
  }
  model::GetHistory query;
  query.queue = "orders";
  const auto samples = std::get<std::vector<Sample>>(ask(query));
  std::uint64_t published = 0;
  for (const Sample& s : samples) published += s.published;
  EXPECT_EQ(published, 5u);
  query.queue.clear();
  query.resolution = Resolution::five_minutes;
  EXPECT_FALSE(std::get<std::vector<Sample>>(ask(query)).empty());
}

TEST_F(QueueLife, APausedGroupIsHandedNothingAlsoAfterARestart) {
  make_queue();
  (void)ask(model::CreateGroup{"orders", "other", false});
  subscribe(alice);
  ASSERT_TRUE(std::holds_alternative<model::Done>(ask(model::PauseGroup{"orders", "default"})));
  (void)publish("m");
  EXPECT_TRUE(take().empty());
  EXPECT_TRUE(info().groups[0].paused);
  EXPECT_FALSE(info().groups[1].paused);
  crash();
  subscribe(alice);
  idle();
  EXPECT_TRUE(take().empty()) << "it is kept in the store";
  EXPECT_TRUE(info().groups[0].paused);
  ASSERT_TRUE(std::holds_alternative<model::Done>(ask(model::PauseGroup{"orders", "default", false})));
  EXPECT_EQ(take().size(), 1u) << "without another word of the consumer";
  EXPECT_EQ(std::get<Error>(ask(model::PauseGroup{"orders", "none"})).code, Errc::no_group);
}

TEST_F(QueueLife, RefusedMessagesAreCountedOverRestarts) {
  make_queue({.max_depth = 1});
  (void)publish("m");
  EXPECT_FALSE(publish("over").ok());
  EXPECT_FALSE(publish("over").ok());
  EXPECT_EQ(info().refused, 2u);
  pass(Duration{1'000});
  idle();
  pass(Duration{1'000});
  idle();
  crash();
  EXPECT_EQ(info().refused, 2u) << "they were written with the sample of their second";
  EXPECT_FALSE(publish("over").ok());
  EXPECT_EQ(info().refused, 3u);
}

TEST_F(QueueLife, AListComesInPagesByName) {
  for (const char* name : {"c", "a", "e", "b", "d"}) make_queue({}, name);
  const auto names = [](const model::QueuePage& page) {
    std::string all;
    for (const QueueInfo& queue : page.queues) all += queue.name;
    return all;
  };
  const auto page = [&](std::string from, std::uint32_t count) {
    return std::get<model::QueuePage>(ask(model::ListQueues{std::move(from), count}));
  };
  EXPECT_EQ(names(page("", 0)), "abcde");
  EXPECT_EQ(page("", 0).next, "");
  EXPECT_EQ(names(page("", 2)), "ab");
  EXPECT_EQ(page("", 2).next, "c");
  EXPECT_EQ(names(page("c", 2)), "cd");
  EXPECT_EQ(names(page("cx", 9)), "de") << "a queue that was removed in between is no hole";
  EXPECT_EQ(page("d", 2).next, "");
  const auto stats = std::get<model::StatsPage>(ask(model::GetStats{"b", 2}));
  EXPECT_EQ(stats.stats.queues.size(), 2u);
  EXPECT_EQ(stats.next, "d");
}

TEST_F(QueueLife, APageOfLargeQueuesIsShorterThanAskedFor) {
  for (int i = 0; i < 12; ++i) {
    const std::string name = "q" + std::to_string(10 + i);
    make_queue({}, name);
    for (int g = 0; g < 60; ++g) (void)ask(model::CreateGroup{name, "g" + std::to_string(g), false});
  }
  const auto page = std::get<model::QueuePage>(ask(model::ListQueues{"", 100}));
  EXPECT_GE(page.queues.size(), 1u);
  EXPECT_LT(page.queues.size(), 12u);
  EXPECT_EQ(page.next, "q" + std::to_string(10 + page.queues.size()));
}

TEST_F(QueueLife, AFullStoreIsSurvivedByARestartOfTheEngine) {
  make_queue();
  ASSERT_TRUE(publish("a").ok());
  store_->fault_next_commit(store::CommitFault::full);
  const Status full = turn([&](engine::Engine& e) { e.request(producer, 1, model::CreateQueue{"other", {}}); });
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Errc::store_full);
  effects_.clear();
  start();
  EXPECT_EQ(std::get<Error>(ask(model::GetQueue{"other"})).code, Errc::no_queue);
  subscribe(alice);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(QueueLife, ADamagedRecordIsKeptAsADeadLetter) {
  make_queue();
  (void)publish("aaaa");
  (void)publish("bbbb");
  ASSERT_TRUE(store_->damage(Table::blocks, std::string("\0\0\0\1\0\0\0\0\0\0\0\1", 12), 40 + 17, 0x40));
  subscribe(alice);
  const auto got = take();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body, "bbbb");
  EXPECT_EQ(dead().letters.at(0).reason, DeadReason::damaged);
  expect_conserved();
}

TEST_F(QueueLife, KeysOfDelayedMessagesAreForgottenThoughNothingElseComes) {
  QueuePolicy policy;
  policy.dedupe_window = Duration{60'000};
  make_queue(policy);
  for (int i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(publish({Message{.body = "b", .idempotency_key = key, .delay = Duration{10}}}).ok());
  }
  pass(Duration{1'000});
  subscribe(alice, 100);
  idle_until_quiet();
  for (const Got& got : take(alice)) ack(alice, got);
  EXPECT_EQ(group().acked, 50u);
  for (int hours = 0; hours < 5; ++hours) {
    pass(Duration{3'600'000});
    idle_until_quiet();
  }
  EXPECT_EQ(info().dedupe_keys, 0u);
}

// What is kept is counted as it comes and goes: making a group does not walk over it.
TEST_F(QueueLife, AGroupFromTheOldestGetsWhatIsKeptHoweverOftenTheStoreWasOpened) {
  make_queue();
  const std::string body(5'000, 'b');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(publish(body).ok());
  ASSERT_EQ(subscribe(alice, 50).code, Errc::ok);
  set({.paused = true});
  for (const Got& got : take(alice)) ack(alice, got);
  const std::size_t blocks = rows(store::Table::blocks);
  ASSERT_GT(blocks, 10u);
  crash();
  EXPECT_TRUE(std::holds_alternative<model::Done>(ask(model::CreateGroup{"orders", "audit", true})));
  const std::uint64_t kept = group("audit").published;
  EXPECT_GE(kept, group().ready);
  EXPECT_LT(kept, 100u);
  // A store of before: nothing is counted yet.
  {
    auto tx = store_->begin();
    engine::QueueState state;
    const std::string at(std::string_view(engine::key::queue_state(1)));
    ASSERT_TRUE(decode(*(*tx)->get(store::Table::state, at), state));
    EXPECT_EQ(state.kept_messages, kept);
    state.kept_messages = state.kept_bytes = 0;
    state.kept_counted = false;
    (*tx)->put(store::Table::state, at, encode(state));
    ASSERT_TRUE((*tx)->commit().ok());
  }
  crash();
  EXPECT_TRUE(std::holds_alternative<model::Done>(ask(model::CreateGroup{"orders", "search", true})));
  EXPECT_EQ(group("search").published, kept);
  expect_conserved();
}

}  // namespace ackwire::test
