// What one request may read, what is kept for producers, and how fast stale settles are told.
#include <cstring>
#include <random>

#include "ackwire/limits.hpp"
#include "engine/broker_world.hpp"

namespace ackwire::test {

class Bounds : public BrokerWorld {
 protected:
  PeekPage peek(std::uint64_t from, std::uint32_t count, std::uint64_t body_bytes) {
    return std::get<PeekPage>(ask(model::Peek{"orders", "default", from, count, body_bytes}));
  }
  /// A producer of its own publishes once.
  Result<std::vector<Receipt>> publish_as(std::uint32_t who, std::uint64_t number = 1, const std::string& body = "x",
                                          std::uint32_t batches = 1) {
    Message message;
    message.body = body;
    const std::string bytes = record(message);
    model::Publish frame;
    frame.queue = "orders";
    frame.producer = id_of(who);
    frame.producer_sequence = number;
    frame.first_unconfirmed = 1;
    frame.batches.assign(batches, {1, bytes});
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.publish(producer, frame); }).ok());
    return take_confirm();
  }
  static model::ProducerId id_of(std::uint32_t who) {
    model::ProducerId id{};
    std::memcpy(id.data(), &who, sizeof who);
    id[15] = 'x';
    return id;
  }
  void goodbye(std::uint32_t who) {
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.forget_producer(id_of(who)); }).ok());
  }
};

TEST_F(Bounds, APageOfLargeBodiesIsShort) {
  make_queue();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(publish(std::string(limits::message_bytes - 1'000, 'x')).ok());
  std::uint64_t from = 1;
  std::size_t seen = 0, pages = 0;
  while (from != 0) {
    const PeekPage page = peek(from, limits::page_messages, limits::message_bytes);
    EXPECT_LE(page.messages.size(), 1u) << "one is more than page_shown_bytes";
    seen += page.messages.size();
    from = page.next;
    ASSERT_LE(++pages, 10u);
  }
  EXPECT_EQ(seen, 8u);
  const PeekPage cut = peek(1, limits::page_messages, 10);
  EXPECT_GE(cut.messages.size(), 3u) << "little is shown of each";
  EXPECT_LE(cut.messages.size(), limits::page_bytes / limits::message_bytes + 1) << "no more than page_bytes is read";
  EXPECT_EQ(cut.messages[0].body.size(), 10u);
  EXPECT_EQ(cut.messages[0].body_bytes, limits::message_bytes - 1'000);
}

TEST_F(Bounds, HeadersAndErrorsCountAsShown) {
  make_queue({.max_attempts = 1});
  const std::string value(1'500, 'h');
  const std::vector<std::string> names{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  std::vector<Header> headers;
  for (const std::string& name : names) headers.push_back({name, value});
  Message message;
  message.headers = headers;
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(publish({message}).ok());
  subscribe(alice);
  for (const Got& got : take(alice)) nack(alice, got);
  idle_until_quiet();
  std::uint64_t from = 1;
  std::size_t seen = 0;
  while (from != 0) {
    const auto page = std::get<DeadPage>(ask(model::GetDeadLetters{"orders", "default", from, 1'000, {}, 0}));
    EXPECT_LE(page.letters.size(), 20u);
    seen += page.letters.size();
    from = page.next;
  }
  EXPECT_EQ(seen, 60u);
}

TEST_F(Bounds, AFilterThatMatchesNothingEndsItsPage) {
  make_queue({.max_attempts = 1});
  subscribe(alice, 5'000);
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(publish(std::vector<Message>(100)).ok());
  std::vector<model::SettleRange> all;
  for (const Got& got : take(alice)) all.push_back(got.token());
  ASSERT_EQ(all.size(), 2'500u);
  settle(alice, model::SettleKind::nack, all);
  idle_until_quiet();
  const DeadFilter expired{.reason = DeadReason::expired, .sequences = {}};
  std::uint64_t from = 1;
  int pages = 0;
  while (from != 0) {
    const auto page = std::get<DeadPage>(ask(model::GetDeadLetters{"orders", "default", from, 1'000, expired, 0}));
    EXPECT_TRUE(page.letters.empty());
    from = page.next;
    ++pages;
  }
  EXPECT_EQ(pages, 2) << "a page looks at 2,000 letters";
  model::MoveDead move{model::DeadAction::discard, "orders", "default", expired, 0, 0};
  pages = 0;
  for (bool more = true; more; ++pages) {
    const auto moved = std::get<model::Moved>(ask(move));
    EXPECT_EQ(moved.moved.moved, 0u);
    more = moved.more;
    move.from = moved.next;
    move.dead_until_ms = moved.dead_until_ms;
  }
  EXPECT_GT(pages, 1);
}

TEST_F(Bounds, AProducerThatSaidGoodbyeKeepsNoPlace) {
  options_.producers_per_queue = 1'000;
  start();
  make_queue();
  const std::size_t before = rows(store::Table::state);
  for (std::uint32_t who = 0; who < 10'500; ++who) {
    const auto receipts = publish_as(who);
    ASSERT_TRUE(receipts.ok()) << who << ": " << receipts.error().message;
    goodbye(who);
  }
  EXPECT_EQ(rows(store::Table::state), before);
}

TEST_F(Bounds, ProducersWithoutAGoodbyeKeepTheirPlaceForFiveMinutes) {
  options_.producers_per_queue = 100;
  start();
  make_queue();
  for (std::uint32_t who = 0; who < 100; ++who) {
    ASSERT_TRUE(publish_as(who).ok());
    pass(Duration{100});
  }
  const auto refused = publish_as(1'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::overloaded);
  EXPECT_NE(refused.error().message.find("100 producers"), std::string::npos) << refused.error().message;
  ASSERT_GT(refused.error().retry_after, Duration{280'000});
  pass(std::chrono::duration_cast<Duration>(refused.error().retry_after) - Duration{1});
  EXPECT_FALSE(publish_as(1'000).ok()) << "the wait is true: not before";
  pass(Duration{1});
  EXPECT_TRUE(publish_as(1'000).ok()) << "and then at once";
  EXPECT_TRUE(publish_as(99).ok()) << "who is known is not refused";
  goodbye(50);
  EXPECT_TRUE(publish_as(1'001).ok()) << "a goodbye frees a place at once";
}

TEST_F(Bounds, AnAnswerThatWasNotReleasedIsGivenAgain) {
  make_queue();
  const auto first = publish_as(1);
  EXPECT_EQ((*publish_as(1))[0].sequence, (*first)[0].sequence);
  EXPECT_EQ(info().published, 1u);
}

TEST_F(Bounds, AnswersOfOneProducerAreBoundedInBytes) {
  options_.producer_answer_bytes = 10'000;
  start();
  make_queue({.max_message_bytes = 1'000});
  const std::string too_large(2'000, 'x');
  std::uint64_t number = 1;
  Error last;
  for (int i = 0; i < 100; ++i, number += 10) {
    const auto refused = publish_as(1, number, too_large, 10);
    ASSERT_FALSE(refused.ok());
    last = refused.error();
    if (last.code == Errc::overloaded) break;
    EXPECT_EQ(last.code, Errc::too_large);
  }
  EXPECT_EQ(last.code, Errc::overloaded);
  EXPECT_NE(last.message.find("bytes of answers"), std::string::npos) << last.message;
  EXPECT_TRUE(publish_as(2).ok()) << "another producer goes on";
  goodbye(1);
  EXPECT_TRUE(publish_as(1, number).ok());
}

TEST_F(Bounds, AnswersOfAllProducersAreBoundedInBytes) {
  options_.answer_bytes = 20'000;
  start();
  make_queue({.max_message_bytes = 1'000});
  const std::string too_large(2'000, 'x');
  for (std::uint32_t who = 1; who <= 10; ++who) (void)publish_as(who, 1, too_large, 50);
  EXPECT_EQ(publish_as(1, 100).error().code, Errc::overloaded) << "who has much is refused";
  EXPECT_TRUE(publish_as(100).ok()) << "who has little goes on";
}

/// Stale stretches are told as ranges; what is applied and what is stale is the same as one by one.
TEST_F(Bounds, ARangeIsSettledAsItsPartsAre) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const auto scene = [&](std::uint32_t seed, bool apart, std::uint32_t& applied, std::vector<model::SettleRange>& stale) {
      std::mt19937 pick(seed);
      store_ = store::MemoryStore::make(1);
      effects_.clear();
      start();
      make_queue({.backoff = {.initial = Duration{100}, .max = Duration{100}, .jitter = 0}});
      subscribe(alice, 200);
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(publish(std::vector<Message>(20)).ok());
      const auto got = take(alice);
      ASSERT_EQ(got.size(), 60u);
      for (int i = 0; i < 12; ++i) {
        const Got& one = got[pick() % got.size()];
        if (pick() % 2 == 0) {
          ack(alice, one);
        } else {
          nack(alice, one, 100);
        }
      }
      pass(Duration{pick() % 2 == 0 ? 200 : 0});
      idle_until_quiet();
      (void)take();
      const std::uint64_t first = 1 + pick() % 40;
      const std::uint32_t count = 1 + pick() % 100, delivery = 1 + pick() % 2;
      if (!apart) {
        const auto result = settle(alice, model::SettleKind::ack, {{first, count, delivery}});
        applied = result.applied;
        stale = result.stale;
        return;
      }
      for (std::uint64_t sequence = first; sequence < first + count; ++sequence) {
        const auto result = settle(alice, model::SettleKind::ack, {{sequence, 1, delivery}});
        applied += result.applied;
        for (const auto& range : result.stale) {
          if (!stale.empty() && stale.back().first_sequence + stale.back().count == range.first_sequence) {
            ++stale.back().count;
          } else {
            stale.push_back(range);
          }
        }
      }
    };
    const std::uint32_t seed = random();
    std::uint32_t applied = 0, applied_apart = 0;
    std::vector<model::SettleRange> stale, stale_apart;
    scene(seed, false, applied, stale);
    scene(seed, true, applied_apart, stale_apart);
    EXPECT_EQ(applied, applied_apart) << "seed " << seed;
    ASSERT_EQ(stale.size(), stale_apart.size()) << "seed " << seed;
    for (std::size_t i = 0; i < stale.size(); ++i) {
      EXPECT_EQ(stale[i].first_sequence, stale_apart[i].first_sequence) << "seed " << seed;
      EXPECT_EQ(stale[i].count, stale_apart[i].count) << "seed " << seed;
    }
  }
}

TEST_F(Bounds, WhoDoesNotReadIsHandedNothing) {
  make_queue();
  subscribe(alice);
  engine_->hold(alice, true);
  ASSERT_TRUE(publish("a").ok());
  EXPECT_TRUE(take(alice).empty());
  subscribe(bob);
  idle();
  EXPECT_EQ(take(bob).size(), 1u) << "others are served";
  ASSERT_TRUE(publish("b").ok());
  EXPECT_EQ(take(bob).size(), 1u);
  EXPECT_TRUE(turn([](engine::Engine& e) { e.set_credit(bob, SubscriptionId{1}, 0); }).ok());
  ASSERT_TRUE(publish("c").ok());
  EXPECT_TRUE(take().empty());
  engine_->hold(alice, false);
  idle();
  EXPECT_EQ(take(alice).size(), 1u);
}

}  // namespace ackwire::test
