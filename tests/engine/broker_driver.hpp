// An engine over any store, driven by whole acts: consume everything, redrive everything, wait. It can be ended and begun anew
// between any two turns.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "format/run.hpp"

namespace ackwire::test {

struct Consumed {
  std::uint64_t sequence = 0;
  std::uint32_t delivery = 0;
  std::string body;
};

class BrokerDriver {
 public:
  explicit BrokerDriver(store::Store& store) : store_(store) {
    const auto kept = engine::kept_time(store);
    EXPECT_TRUE(kept.ok());
    if (kept.ok() && *kept) wall_ = std::max(wall_, (*kept)->wall.time_since_epoch().count());
    start();
  }

  /// Called before each turn; true: the process ends here and another one goes on.
  std::function<bool()> on_turn;

  void pass(std::int64_t ms) { wall_ += ms, mono_ += ms; }

  void idle_until_quiet() {
    for (int i = 0; i < 10'000; ++i) {
      turn([](engine::Engine&) {});
      const auto next = engine_->next_wakeup();
      if (!next || *next > Duration{mono_}) return;
    }
    FAIL() << "the engine is never quiet";
  }

  std::vector<QueueInfo> queues() { return std::get<model::QueuePage>(ask(model::ListQueues{})).queues; }
  std::vector<Sample> history() { return std::get<std::vector<Sample>>(ask(model::GetHistory{})); }
  void resume(const std::string& queue) {
    QueueChange change;
    change.paused = false;
    EXPECT_TRUE(std::holds_alternative<QueueInfo>(ask(model::SetQueue{queue, change})));
  }

  std::vector<DeadLetter> dead(const std::string& queue, const std::string& group) {
    std::vector<DeadLetter> letters;
    std::uint64_t from = 0;
    do {
      auto page = std::get<DeadPage>(ask(model::GetDeadLetters{queue, group, from, 100, {}, 1u << 20}));
      for (DeadLetter& letter : page.letters) letters.push_back(std::move(letter));
      from = page.next;
    } while (from != 0);
    return letters;
  }
  /// All of every group; those that are damaged stay.
  void redrive(const std::string& name) {
    for (const QueueInfo& queue : queues()) {
      if (queue.name != name) continue;
      for (const GroupInfo& group : queue.groups) {
        std::uint64_t from = 0;
        do {
          from = std::get<model::Moved>(ask(model::MoveDead{model::DeadAction::redrive, name, group.name, {}, from, 0})).next;
        } while (from != 0);
      }
    }
  }

  Receipt publish(const std::string& queue, const Message& message) {
    std::string record;
    EXPECT_TRUE(format::encode(message, Timestamp{Duration{wall_}}, record).ok());
    model::Publish frame;
    frame.queue = queue;
    frame.producer.fill('p');
    frame.producer_sequence = frame.first_unconfirmed = ++producer_sequence_;
    frame.batches.push_back({1, record});
    turn([&](engine::Engine& e) { e.publish(producer, frame); });
    for (const model::Effect& effect : std::exchange(effects_, {})) {
      const auto* confirm = std::get_if<model::Confirm>(&effect.what);
      if (!confirm) continue;
      std::string_view rest = confirm->entries;
      format::ConfirmEntry entry;
      EXPECT_TRUE(format::split_confirm(rest, entry));
      return entry.kind == 1 ? entry.receipts.at(0) : Receipt{entry.first_sequence, false};
    }
    ADD_FAILURE() << "no confirm";
    return {};
  }

  /// Everything that comes to a consumer, each message acked.
  std::vector<Consumed> consume_all(const std::string& queue, const std::string& group) {
    std::vector<Consumed> all;
    const model::Subscribe subscribe{subscription, queue, group, 100, 1};
    std::uint64_t life = 0;
    for (int quiet = 0; quiet < 2;) {
      if (life != lives_) {
        turn([&](engine::Engine& e) { e.subscribe(consumer, subscribe); });
        life = lives_;
      }
      turn([](engine::Engine&) {});
      const std::vector<Consumed> came = take();
      all.insert(all.end(), came.begin(), came.end());
      if (!came.empty()) acknowledge(came);
      const auto next = engine_->next_wakeup();
      quiet = came.empty() && life == lives_ && (!next || *next > Duration{mono_}) ? quiet + 1 : 0;
    }
    turn([](engine::Engine& e) { e.end_session(consumer); });
    return all;
  }

 private:
  static constexpr model::SessionId producer{1}, consumer{2};
  static constexpr model::SubscriptionId subscription{1};

  model::Now now() const { return {Timestamp{Duration{wall_}}, Duration{mono_}}; }

  void start() {
    engine_ = std::make_unique<engine::Engine>(store_, engine::EngineOptions{});
    const Status opened = engine_->open(now());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ++lives_;
    effects_.clear();
  }

  template <class Act>
  void turn(Act act) {
    if (on_turn && on_turn()) {
      engine_.reset();
      start();
    }
    ASSERT_TRUE(engine_->begin(now()).ok());
    act(*engine_);
    const Status done = engine_->finish();
    ASSERT_TRUE(done.ok()) << done.error().message;
    for (model::Effect& effect : engine_->take_effects()) effects_.push_back(std::move(effect));
  }

  model::Reply ask(const model::Request& request) {
    turn([&](engine::Engine& e) { e.request(producer, 7, request); });
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

  std::vector<Consumed> take() {
    std::vector<Consumed> messages;
    for (const model::Effect& effect : std::exchange(effects_, {})) {
      const auto* deliver = std::get_if<model::Deliver>(&effect.what);
      if (!deliver) continue;
      std::string_view rest = deliver->runs;
      format::Run run;
      while (format::split_run(rest, run)) {
        format::Record one;
        std::string_view records = run.records;
        for (std::uint32_t i = 0; i < run.count && format::split(records, one); ++i) {
          EXPECT_TRUE(format::checksum_ok(one));
          messages.push_back({run.first_sequence + i, run.delivery, std::string(one.body)});
        }
      }
    }
    return messages;
  }

  void acknowledge(const std::vector<Consumed>& messages) {
    model::Settle settle;
    settle.subscription = subscription;
    settle.kind = model::SettleKind::ack;
    settle.boot_epoch = engine_->boot_epoch();
    for (const Consumed& message : messages) settle.ranges.push_back({message.sequence, 1, message.delivery});
    turn([&](engine::Engine& e) { e.settle(consumer, settle); });
  }

  store::Store& store_;
  std::unique_ptr<engine::Engine> engine_;
  std::vector<model::Effect> effects_;
  std::uint64_t lives_ = 0, producer_sequence_ = 0;
  std::int64_t wall_ = 1'700'000'000'000, mono_ = 1'000;
};

}  // namespace ackwire::test
