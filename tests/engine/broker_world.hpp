// An engine over the memory store, spoken to in domain verbs. Time is a member; each verb is one turn.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/verify.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "store/memory_store.hpp"

namespace ackwire::test {

using model::SessionId;
using model::SubscriptionId;

/// One delivered message.
struct Got {
  SessionId session{};
  std::uint64_t sequence = 0;
  std::uint32_t delivery = 0, attempts = 0;
  std::string body;
  model::SettleRange token() const { return {sequence, 1, delivery}; }
};

class BrokerWorld : public ::testing::Test {
 protected:
  static constexpr SessionId producer{1}, alice{2}, bob{3};

  void SetUp() override { start(); }

  /// Whatever a test did: the store it leaves is sound.
  void TearDown() override {
    const auto report = engine::verify(*store_);
    ASSERT_TRUE(report.ok());
    if (!damaged_) {
      EXPECT_EQ(report->problems, std::vector<std::string>{});
    }
  }

  void start() {
    engine_ = std::make_unique<engine::Engine>(*store_, options_);
    ASSERT_TRUE(engine_->open(now()).ok());
  }
  /// The process dies; the store keeps what was committed.
  void crash() {
    engine_.reset();
    store_->crash();
    start();
  }
  model::Now now() const { return {Timestamp{Duration{wall_}}, Duration{mono_}}; }
  void pass(Duration time) {
    wall_ += time.count();
    mono_ += time.count();
  }

  /// Runs one turn with `act` in it and keeps its effects.
  template <class Act>
  Status turn(Act act) {
    EXPECT_TRUE(engine_->begin(now()).ok());
    act(*engine_);
    Status done = engine_->finish();
    if (done.ok() && !damaged_) {
      EXPECT_EQ(engine_->lists_fault().value_or(""), "");
    }
    for (model::Effect& effect : engine_->take_effects()) effects_.push_back(std::move(effect));
    return done;
  }
  void idle() {
    EXPECT_TRUE(turn([](engine::Engine&) {}).ok());
  }
  void idle_until_quiet() {
    for (int i = 0; i < 1000; ++i) {
      idle();
      const auto next = engine_->next_wakeup();
      if (!next || *next > Duration{mono_}) return;
    }
    FAIL() << "the engine is never quiet";
  }

  model::Reply ask(const model::Request& request) {
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.request(producer, 7, request); }).ok());
    for (auto it = effects_.begin(); it != effects_.end(); ++it) {
      if (auto* answer = std::get_if<model::Answer>(&it->what)) {
        model::Reply reply = std::move(answer->reply);
        effects_.erase(it);
        return reply;
      }
    }
    ADD_FAILURE() << "no answer";
    return Error{};
  }
  void make_queue(const QueuePolicy& policy = {}, const std::string& name = "orders") {
    const auto reply = ask(model::CreateQueue{name, policy});
    ASSERT_TRUE(std::holds_alternative<QueueInfo>(reply)) << std::get<Error>(reply).message;
  }
  QueueInfo info(const std::string& name = "orders") { return std::get<QueueInfo>(ask(model::GetQueue{name})); }
  GroupInfo group(const std::string& name = "default") {
    const QueueInfo queue = info();
    for (const GroupInfo& g : queue.groups) {
      if (g.name == name) return g;
    }
    ADD_FAILURE() << "no group " << name;
    return {};
  }
  void set(const QueueChange& change) { ASSERT_FALSE(std::holds_alternative<Error>(ask(model::SetQueue{"orders", change}))); }

  std::string record(const Message& message) {
    std::string bytes;
    EXPECT_TRUE(format::encode(message, Timestamp{Duration{wall_}}, bytes).ok());
    return bytes;
  }
  /// One atomic batch; the receipts, or the refusal.
  Result<std::vector<Receipt>> publish(const std::vector<Message>& messages, std::uint64_t repeat_of = 0) {
    std::string records;
    for (const Message& message : messages) records += record(message);
    model::Publish frame;
    frame.queue = "orders";
    frame.producer.fill('p');
    frame.producer_sequence = repeat_of ? repeat_of : ++producer_sequence_;
    frame.first_unconfirmed = repeat_of ? repeat_of : producer_sequence_;
    frame.batches.push_back({static_cast<std::uint32_t>(messages.size()), records});
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.publish(producer, frame); }).ok());
    return take_confirm();
  }
  Result<std::vector<Receipt>> publish(const std::string& body, const std::string& key = {}) {
    Message message;
    message.body = body;
    message.idempotency_key = key;
    return publish({message});
  }
  Result<std::vector<Receipt>> take_confirm() {
    for (auto it = effects_.begin(); it != effects_.end(); ++it) {
      auto* confirm = std::get_if<model::Confirm>(&it->what);
      if (!confirm) continue;
      const std::string entries = confirm->entries;
      effects_.erase(it);
      std::string_view rest = entries;
      format::ConfirmEntry entry;
      if (!format::split_confirm(rest, entry)) return Error{};
      if (entry.kind == 2) return entry.error;
      if (entry.kind == 1) return entry.receipts;
      std::vector<Receipt> receipts;
      for (std::uint32_t i = 0; i < entry.messages; ++i) receipts.push_back({entry.first_sequence + i, false});
      return receipts;
    }
    ADD_FAILURE() << "no confirm";
    return Error{};
  }

  /// `concurrency` 0: a client that does not say what it has begun.
  Error subscribe(SessionId session, std::uint32_t credit = 100, const std::string& group = "default",
                  std::uint32_t concurrency = 0) {
    model::Subscribe subscribe{SubscriptionId{1}, "orders", group, credit, concurrency};
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.subscribe(session, subscribe); }).ok());
    for (auto it = effects_.begin(); it != effects_.end(); ++it) {
      if (auto* answer = std::get_if<model::Subscribed>(&it->what)) {
        const Error error = answer->error;
        effects_.erase(it);
        return error;
      }
    }
    return {Errc::internal, "no answer", {}, {}};
  }
  /// Everything delivered since the last call, to `session` (or to anybody).
  std::vector<Got> take(SessionId session = SessionId{0}) {
    std::vector<Got> got;
    for (auto it = effects_.begin(); it != effects_.end();) {
      auto* deliver = std::get_if<model::Deliver>(&it->what);
      if (!deliver || (session != SessionId{0} && it->session != session)) {
        ++it;
        continue;
      }
      std::string_view rest = deliver->runs;
      format::Run run;
      while (format::split_run(rest, run)) {
        format::Record one;
        std::string_view records = run.records;
        for (std::uint32_t i = 0; i < run.count && format::split(records, one); ++i) {
          EXPECT_TRUE(format::checksum_ok(one));
          got.push_back({it->session, run.first_sequence + i, run.delivery, run.attempts, std::string(one.body)});
        }
      }
      it = effects_.erase(it);
    }
    return got;
  }
  model::SettleResult settle(SessionId session, model::SettleKind kind, std::vector<model::SettleRange> ranges,
                             std::int64_t duration_ms = -1, std::string_view text = "boom", std::uint64_t boot_epoch = 0) {
    model::Settle settle;
    settle.subscription = SubscriptionId{1};
    settle.request = 9;
    settle.kind = kind;
    settle.boot_epoch = boot_epoch ? boot_epoch : engine_->boot_epoch();
    settle.duration_ms = duration_ms;
    settle.text = text;
    settle.ranges = std::move(ranges);
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.settle(session, settle); }).ok());
    for (auto it = effects_.begin(); it != effects_.end(); ++it) {
      if (auto* result = std::get_if<model::SettleResult>(&it->what)) {
        model::SettleResult copy = *result;
        effects_.erase(it);
        return copy;
      }
    }
    ADD_FAILURE() << "no settle result";
    return {};
  }
  model::SettleResult ack(SessionId session, const Got& got) { return settle(session, model::SettleKind::ack, {got.token()}); }
  model::SettleResult nack(SessionId session, const Got& got, std::int64_t delay_ms = -1) {
    return settle(session, model::SettleKind::nack, {got.token()}, delay_ms);
  }
  /// The application has been handed these.
  void begun(SessionId session, const std::vector<Got>& messages) {
    model::Begun begun{SubscriptionId{1}, engine_->boot_epoch(), {}};
    for (const Got& got : messages) begun.ranges.push_back(got.token());
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.begun(session, begun); }).ok());
  }
  /// Some frame of it came.
  void hear(SessionId session) {
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.heard(session); }).ok());
  }
  void end_session(SessionId session) {
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.end_session(session); }).ok());
  }

  DeadPage dead(const DeadFilter& filter = {}) {
    return std::get<DeadPage>(ask(model::GetDeadLetters{"orders", "default", 0, 100, filter, 1000}));
  }
  void expect_conserved() {
    for (const GroupInfo& g : info().groups) {
      EXPECT_EQ(g.published, g.ready + g.delayed + g.leased + g.dead + g.acked + g.expired + g.discarded) << g.name;
    }
  }
  std::size_t rows(store::Table table) {
    auto tx = store_->begin();
    store::Row row;
    std::string from(1, '\0');
    std::size_t count = 0;
    while ((*tx)->seek(table, from, row)) {
      ++count;
      from.assign(row.key);
      from.push_back('\0');
    }
    return count;
  }

  std::unique_ptr<store::MemoryStore> store_ = store::MemoryStore::make(1);
  engine::EngineOptions options_;
  std::unique_ptr<engine::Engine> engine_;
  bool damaged_ = false;  // the test damaged the store on purpose
  std::vector<model::Effect> effects_;
  std::uint64_t producer_sequence_ = 0;
  std::int64_t wall_ = 1'700'000'000'000, mono_ = 1'000;
};

}  // namespace ackwire::test
