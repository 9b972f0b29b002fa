// Work on many messages that the broker does by itself.
#include "ackwire/limits.hpp"
#include "broker_world.hpp"

namespace ackwire::test {
namespace {

class Jobs : public BrokerWorld {
 protected:
  void SetUp() override {
    options_.sweep_messages = 100;
    BrokerWorld::SetUp();
  }
  Job start(JobKind kind, const DeadFilter& filter = {}) {
    return std::get<Job>(ask(model::StartJob{kind, "orders", kind == JobKind::purge ? "" : "default", filter}));
  }
  Job job(std::uint64_t id) { return std::get<Job>(ask(model::GetJob{id})); }
  std::vector<Job> list() { return std::get<model::JobList>(ask(model::ListJobs{})).jobs; }
  void publish_many(int count) {
    for (int i = 0; i < count; i += 500) ASSERT_TRUE(publish(std::vector<Message>(500)).ok());
  }
  void make_dead(int count) {
    QueuePolicy policy;
    policy.max_attempts = 1;
    make_queue(policy);
    subscribe(alice, static_cast<std::uint32_t>(count));
    publish_many(count);
    idle_until_quiet();
    for (const Got& got : take()) ASSERT_EQ(nack(alice, got).applied, 1u);
    ASSERT_EQ(group().dead, static_cast<std::uint64_t>(count));
    end_session(alice);
  }
};

TEST_F(Jobs, APurgeGoesOnByItselfAPartATurn) {
  make_queue();
  publish_many(2'000);
  const Job started = start(JobKind::purge);
  EXPECT_EQ(started.state, JobState::running);
  EXPECT_GT(started.moved, 0u);
  EXPECT_LE(started.moved, 100u) << "no turn does more than it may";
  ASSERT_TRUE(publish("later").ok());
  idle_until_quiet();
  const Job ended = job(started.id);
  EXPECT_EQ(ended.state, JobState::done);
  EXPECT_EQ(ended.moved, 2'000u);
  EXPECT_NE(ended.ended, Timestamp{});
  EXPECT_EQ(group().discarded, 2'000u);
  EXPECT_EQ(group().ready, 1u) << "what was published after the start stays";
  expect_conserved();
}

TEST_F(Jobs, ASmallOneIsDoneInItsAnswer) {
  make_queue();
  ASSERT_TRUE(publish("a").ok());
  const Job ended = start(JobKind::purge);
  EXPECT_EQ(ended.state, JobState::done);
  EXPECT_EQ(ended.moved, 1u);
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(Jobs, ARestartInTheMiddleGoesOn) {
  make_dead(1'000);
  const Job started = start(JobKind::redrive);
  ASSERT_EQ(started.state, JobState::running);
  for (int i = 0; i < 5; ++i) idle();
  const std::uint64_t before = job(started.id).moved;
  ASSERT_GT(before, started.moved);
  ASSERT_LT(before, 1'000u);
  crash();
  EXPECT_GE(job(started.id).moved, before);
  idle_until_quiet();
  EXPECT_EQ(job(started.id).state, JobState::done);
  EXPECT_EQ(job(started.id).moved, 1'000u) << "each once";
  EXPECT_EQ(group().redriven, 1'000u);
  EXPECT_EQ(group().ready, 1'000u);
  expect_conserved();
}

TEST_F(Jobs, ACancelledOneStaysWhereItIs) {
  make_dead(1'000);
  const Job started = start(JobKind::discard);
  const Job cancelled = std::get<Job>(ask(model::CancelJob{started.id}));
  EXPECT_EQ(cancelled.state, JobState::cancelled);
  idle_until_quiet();
  EXPECT_EQ(group().discarded, cancelled.moved);
  EXPECT_EQ(group().dead, 1'000 - cancelled.moved);
  EXPECT_EQ(std::get<Job>(ask(model::CancelJob{started.id})).state, JobState::cancelled) << "again changes nothing";
  crash();
  idle_until_quiet();
  EXPECT_EQ(group().dead, 1'000 - cancelled.moved);
  expect_conserved();
}

TEST_F(Jobs, ARedriveThatFindsNoRoomSaysSoAndHowFarItCame) {
  make_dead(500);
  QueueChange change;
  change.max_depth = 200;
  set(change);
  const Job started = start(JobKind::redrive);
  idle_until_quiet();
  const Job ended = job(started.id);
  EXPECT_EQ(ended.state, JobState::failed);
  EXPECT_EQ(ended.code, "overloaded");
  EXPECT_EQ(ended.moved, 200u);
  EXPECT_EQ(group().dead, 300u);
}

TEST_F(Jobs, ItsQueueMayGo) {
  make_queue();
  publish_many(1'000);
  const Job started = start(JobKind::purge);
  ask(model::RemoveQueue{"orders", true});
  make_queue();
  ASSERT_TRUE(publish("of another queue by that name").ok());
  idle_until_quiet();
  EXPECT_EQ(job(started.id).state, JobState::failed);
  EXPECT_EQ(job(started.id).code, "no_queue");
  EXPECT_EQ(group().ready, 1u);
}

TEST_F(Jobs, NamedLettersThatAreNotThereAreTold) {
  make_dead(500);
  DeadFilter named;
  named.sequences = {3, 700, 5, 701};
  const Job ended = start(JobKind::discard, named);
  EXPECT_EQ(ended.moved, 2u);
  EXPECT_EQ(ended.not_found, (std::vector<std::uint64_t>{700, 701}));
}

TEST_F(Jobs, SeveralGetOnTogetherAndOthersGetOnMeanwhile) {
  make_dead(1'000);
  ASSERT_TRUE(publish("a").ok());
  const Job first = start(JobKind::discard), second = start(JobKind::redrive);
  idle();
  idle();
  EXPECT_GT(job(first.id).moved, first.moved);
  EXPECT_GT(job(second.id).moved, second.moved);
  subscribe(bob);
  idle();
  EXPECT_FALSE(take(bob).empty()) << "messages are handed out meanwhile";
  idle_until_quiet();
  EXPECT_EQ(job(first.id).moved + job(second.id).moved, 1'000u);
  expect_conserved();
}

TEST_F(Jobs, ThereIsALimit) {
  make_queue();
  publish_many(20'000);
  for (std::uint32_t i = 0; i < limits::jobs; ++i) ASSERT_EQ(start(JobKind::purge).state, JobState::running);
  EXPECT_EQ(std::get<Error>(ask(model::StartJob{JobKind::purge, "orders", "", {}})).code, Errc::overloaded);
  idle_until_quiet();
}

TEST_F(Jobs, TheLatestAreKeptAndNumbersRise) {
  make_queue();
  for (std::size_t i = 0; i < limits::jobs_kept + 10; ++i) ASSERT_EQ(start(JobKind::purge).id, i + 1);
  EXPECT_EQ(list().size(), limits::jobs_kept);
  EXPECT_EQ(std::get<Error>(ask(model::GetJob{1})).code, Errc::not_found);
  EXPECT_EQ(std::get<Error>(ask(model::CancelJob{1})).code, Errc::not_found);
  crash();
  EXPECT_EQ(list().size(), limits::jobs_kept);
  EXPECT_EQ(start(JobKind::purge).id, limits::jobs_kept + 11);
}

TEST_F(Jobs, WhatMakesNoSenseIsRefused) {
  make_queue();
  EXPECT_EQ(std::get<Error>(ask(model::StartJob{JobKind::purge, "none", "", {}})).code, Errc::no_queue);
  EXPECT_EQ(std::get<Error>(ask(model::StartJob{JobKind::purge, "orders", "default", {}})).code, Errc::invalid_argument);
  EXPECT_EQ(std::get<Error>(ask(model::StartJob{JobKind::redrive, "orders", "none", {}})).code, Errc::no_group);
  DeadFilter many;
  many.sequences.resize(limits::page_messages + 1);
  EXPECT_EQ(std::get<Error>(ask(model::StartJob{JobKind::discard, "orders", "default", many})).code, Errc::out_of_range);
}

}  // namespace
}  // namespace ackwire::test
