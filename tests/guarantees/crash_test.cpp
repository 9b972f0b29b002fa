// Promises that must hold when the process dies without warning. Each test cites docs/guarantees.md by number.
#include <csignal>
#include <map>
#include <thread>

#include "guarantees/scene.hpp"

namespace ackwire::guarantees {
namespace {

// A body that says its number and is long enough to be torn.
std::string body_of(int number) {
  return "order-" + std::to_string(number) + ":" + std::string(200 + number % 1'000, char('a' + number % 26));
}

class Crash : public Guarantees {
 protected:
  /// Publishes numbered bodies for ever in a process, one or a few a batch, and says the number below which all are confirmed.
  int publish_until_killed(std::size_t confirms) {
    auto said = kill_after(confirms, [this](const Say& say) {
      open();
      for (int number = 0;;) {
        std::vector<std::string> bodies;
        for (int size = 1 + number % 7; size > 0; --size) bodies.push_back(body_of(number++));
        std::vector<Message> batch;
        for (const auto& body : bodies) batch.push_back({.body = body});
        must(broker->publish(queue, batch));
        say(std::to_string(number));
      }
    });
    return std::stoi(said.back());
  }
};

TEST_F(Crash, I1_ConfirmedPublishesSurviveAKill) {
  int confirmed = publish_until_killed(150);
  expect_sound();
  reopen();
  auto bodies = drain();
  ASSERT_GE(bodies.size(), static_cast<std::size_t>(confirmed));
  for (int number = 0; number < confirmed; ++number) ASSERT_EQ(bodies[static_cast<std::size_t>(number)], body_of(number));
}

TEST_F(Crash, I2_NothingIsDeliveredThatNobodyPublishedOrTwice) {
  int confirmed = publish_until_killed(60);
  reopen();
  auto bodies = drain();
  // Beyond what was confirmed there is at most the batch that was under way, whole or not at all.
  EXPECT_LE(bodies.size(), static_cast<std::size_t>(confirmed + 7));
  EXPECT_TRUE(static_cast<int>(bodies.size()) == confirmed || static_cast<int>(bodies.size()) == confirmed + 1 + confirmed % 7);
  for (std::size_t number = 0; number < bodies.size(); ++number) ASSERT_EQ(bodies[number], body_of(static_cast<int>(number)));
}

TEST_F(Crash, I5_AConfirmedAckIsNeverFollowedByARedelivery) {
  auto said = kill_after(200, [this](const Say& say) {
    open();
    auto from = consumer();
    for (int number = 0;; ++number) {
      publish(body_of(number));
      auto got = receive(from, 1);
      if (number % 2 == 0) must(from.ack(got.at(0)));
      if (number % 2 == 0) say(std::to_string(number));
    }
  });
  reopen();
  std::set<std::string> again;
  for (auto& body : drain()) again.insert(body);
  for (const auto& number : said) EXPECT_FALSE(again.contains(body_of(std::stoi(number)))) << number;
  EXPECT_TRUE(again.contains(body_of(1)));
}

TEST_F(Crash, I7_AMessageThatKillsItsConsumerEveryTimeStillBecomesADeadLetter) {
  QueueChange policy = fast_retry;
  policy.max_attempts = 3;
  open(policy);
  auto poison = publish("poison").sequence;
  close();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    auto said = kill_after(1, [&](const Say& say) {
      reopen();
      auto from = consumer();
      auto got = receive(from, 1);
      say(got.empty() ? "nothing" : std::to_string(got[0].sequence()) + " " + std::to_string(got[0].attempts()));
      std::this_thread::sleep_for(std::chrono::minutes{1});
    });
    ASSERT_EQ(said, std::vector<std::string>{std::to_string(poison) + " " + std::to_string(attempt)});
  }
  reopen();
  EXPECT_EQ(drain(), std::vector<std::string>{});
  auto dead = must(broker->dead_letters(queue, group, 1, 10));
  ASSERT_EQ(dead.letters.size(), 1u);
  EXPECT_EQ(dead.letters[0].reason, DeadReason::max_attempts);
  EXPECT_EQ(dead.letters[0].attempts, 3u);
  EXPECT_EQ(dead.letters[0].deliveries, 3u);
}

TEST_F(Crash, I7_WhatWaitedBehindACrashingHandlerIsNotCharged) {
  QueueChange policy = fast_retry;
  policy.max_attempts = 3;
  open(policy);
  const auto poison = publish("poison").sequence;
  for (int i = 1; i < 50; ++i) publish("innocent");
  close();
  for (int start = 0; start < 3; ++start) {
    kill_after(1, [&](const Say& say) {
      reopen();
      auto from = consumer();
      say(std::to_string(receive(from, 1).size()));
      std::this_thread::sleep_for(std::chrono::minutes{1});
    });
  }
  reopen();
  auto from = consumer();
  std::size_t innocent = 0;
  while (innocent < 49) {
    const auto got = receive(from, 1);
    ASSERT_EQ(got.size(), 1u) << innocent;
    EXPECT_EQ(got[0].body(), "innocent");
    EXPECT_EQ(got[0].attempts(), 1u) << "message " << got[0].sequence();
    must(from.ack(got));
    ++innocent;
  }
  const auto dead = must(broker->dead_letters(queue, group, 1, 100));
  ASSERT_EQ(dead.letters.size(), 1u);
  EXPECT_EQ(dead.letters[0].sequence, poison);
}

TEST_F(Crash, I7_AFrozenWorkerIsChargedForWhatItHadBegunAndOnce) {
  QueueChange policy = fast_retry;
  policy.max_attempts = 3;
  policy.visibility_timeout = Duration{500};
  open(policy);
  const std::string endpoint = must(broker->listen("tcp://127.0.0.1:*"));
  for (int i = 0; i < 20; ++i) publish("m");
  const auto frozen = [&] {
    const auto came_back = [&] { return group_info().lease_expired > 0 && group_info().ready == 20; };
    for (int i = 0; i < 1'000 && !came_back(); ++i) std::this_thread::sleep_for(Duration{10});
    EXPECT_TRUE(came_back());
    std::this_thread::sleep_for(Duration{2'000});  // four more timeouts: nothing is handed to who is silent
    EXPECT_EQ(group_info().ready, 20u);
    EXPECT_EQ(group_info().dead, 0u);
  };
  kill_after(
      1,
      [&](const Say& say) {
        auto client = must(Client::connect(endpoint));
        auto from = must(client.consume(queue));
        say(std::to_string(must(from.receive(1, Duration{10'000})).size()));
        raise(SIGSTOP);
      },
      frozen);
  auto from = consumer();
  std::size_t charged = 0;
  for (int i = 0; i < 20; ++i) {
    const auto got = receive(from, 1);
    ASSERT_EQ(got.size(), 1u);
    if (got[0].attempts() > 1) ++charged;
    EXPECT_LE(got[0].attempts(), 2u);
    must(from.ack(got));
  }
  EXPECT_EQ(charged, 1u);
}

TEST_F(Crash, I11_SequencesRiseAndAreNeverReusedAfterDrainPurgeAndKill) {
  open();
  auto last = publish("first").sequence;
  drain();
  for (int round = 0; round < 3; ++round) {
    reopen();
    auto next = publish("after a drain").sequence;
    EXPECT_GT(next, last);
    must(broker->purge(queue));
    last = publish("after a purge").sequence;
    EXPECT_GT(last, next);
    close();
    auto said = kill_after(1, [&](const Say& say) {
      reopen();
      say(std::to_string(publish("in a process that dies").sequence));
      std::this_thread::sleep_for(std::chrono::minutes{1});
    });
    EXPECT_GT(std::stoull(said.at(0)), last);
    last = std::stoull(said.at(0));
    reopen();
    drain();
  }
}

TEST_F(Crash, I12_AKeyIsRememberedAcrossAKill) {
  auto said = kill_after(1, [this](const Say& say) {
    open();
    say(std::to_string(publish("two tickets", "order-91").sequence));
    std::this_thread::sleep_for(std::chrono::minutes{1});
  });
  reopen();
  auto again = publish("two tickets", "order-91");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(std::to_string(again.sequence), said.at(0));
}

}  // namespace
}  // namespace ackwire::guarantees
