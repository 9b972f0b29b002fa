
#include "wire/consume.hpp"
#include "client_fixture.hpp"
#include "format/record.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

class ConsumeTest : public ClientTest {
 protected:
  void publish(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(connection->publish_async("orders", message("body " + std::to_string(i))).ok());
    }
    ASSERT_TRUE(connection->flush().ok());
  }
  std::vector<model::Settle> settles() {
    std::vector<model::Settle> all;
    for (const std::string& bytes : broker.frames(Operation::settle)) {
      wire::Frame frame;
      EXPECT_TRUE(wire::split_frame(bytes, frame).ok());
      model::Settle settle;
      EXPECT_TRUE(wire::decode_settle(frame.payload, settle).ok());
      settle.text = {};
      all.push_back(settle);
    }
    return all;
  }
  std::vector<Delivery> receive(Consumer& from, std::size_t count) {
    std::vector<Delivery> all;
    while (all.size() < count) {
      auto some = from.receive(count - all.size(), 2s);
      if (!some || some->empty()) break;
      all.insert(all.end(), some->begin(), some->end());
    }
    return all;
  }
};

TEST_F(ConsumeTest, ReceivesWhatWasPublishedAndAcksIt) {
  connect();
  publish(3);
  Consumer from = consumer();
  const auto deliveries = receive(from, 3);
  ASSERT_EQ(deliveries.size(), 3u);
  EXPECT_EQ(deliveries[0].body(), "body 0");
  EXPECT_EQ(deliveries[2].sequence(), 3u);
  EXPECT_EQ(deliveries[0].deliveries(), 1u);
  EXPECT_EQ(deliveries[0].lease_token().boot_epoch, 7u);
  const auto settled = from.ack(deliveries);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->applied, 3u);
  EXPECT_TRUE(broker.stored().empty());
}

TEST_F(ConsumeTest, NeighboursAreSettledAsOneRangeWhateverTheOrder) {
  connect();
  publish(10);
  Consumer from = consumer();
  auto deliveries = receive(from, 10);
  ASSERT_EQ(deliveries.size(), 10u);
  std::reverse(deliveries.begin(), deliveries.end());
  deliveries.push_back(deliveries.front());  // the same twice is once
  ASSERT_EQ(from.ack(deliveries)->applied, 10u);
  ASSERT_EQ(settles().size(), 1u);
  ASSERT_EQ(settles()[0].ranges.size(), 1u);
  EXPECT_EQ(settles()[0].ranges[0].first_sequence, 1u);
  EXPECT_EQ(settles()[0].ranges[0].count, 10u);
}

TEST_F(ConsumeTest, CreditBoundsWhatIsReceived) {
  connect();
  publish(20);
  ConsumerOptions options;
  options.credit = 5;
  Consumer from = consumer(options);
  const auto first = receive(from, 5);
  ASSERT_EQ(first.size(), 5u);
  EXPECT_TRUE(from.receive(10, 20ms)->empty());
  ASSERT_TRUE(from.ack(std::span(first).first(2)).ok());
  EXPECT_EQ(receive(from, 2).size(), 2u);
  ASSERT_TRUE(from.set_credit(20).ok());
  EXPECT_EQ(receive(from, 13).size(), 13u);
  EXPECT_EQ(from.set_credit(limits::credit + 1).error().code, Errc::out_of_range);
  options.credit = 0;
  EXPECT_EQ(connection->consume("orders", options).error().code, Errc::out_of_range);
}

TEST_F(ConsumeTest, TheFirstCallGetsAllItAsksFor) {
  connect();
  publish(50);
  Consumer from = consumer();
  EXPECT_EQ(from.receive(50, 5s)->size(), 50u);
  publish(1);
  EXPECT_EQ(from.receive(50, 5s)->size(), 1u);
}

TEST_F(ConsumeTest, AsyncAcksTravelTogether) {
  connect();
  publish(500);
  ConsumerOptions options;
  options.credit = 1'000;
  Consumer from = consumer(options);
  const auto deliveries = receive(from, 500);
  ASSERT_EQ(deliveries.size(), 500u);
  for (const Delivery& delivery : deliveries) from.ack_async(delivery);
  ASSERT_TRUE(from.flush().ok());
  EXPECT_EQ(from.stale_acks(), 0u);
  EXPECT_TRUE(broker.stored().empty());
  EXPECT_LT(broker.count(Operation::settle), 100u);
}

TEST_F(ConsumeTest, WhileAnAsyncAckIsUnderWayTheNextOnesWait) {
  connect();
  publish(50);
  Consumer from = consumer();
  const auto deliveries = receive(from, 50);
  broker.run([&] { broker.settles = false; });
  from.ack_async(deliveries[0]);
  ASSERT_TRUE(broker.wait_for(Operation::settle, 1));
  for (std::size_t i = 1; i < 50; ++i) from.ack_async(deliveries[i]);
  EXPECT_EQ(from.flush(20ms).error().code, Errc::timeout);
  EXPECT_EQ(broker.count(Operation::settle), 1u);
}

TEST_F(ConsumeTest, I17_AsyncAcksThatFoundNoRoomAreRepeated) {
  connect();
  publish(3);
  Consumer from = consumer();
  const auto deliveries = receive(from, 3);
  broker.run([&] { broker.settles = false; });
  from.ack_async(deliveries);
  ASSERT_TRUE(broker.wait_for(Operation::settle, 1));
  broker.run([&] { broker.settles = true; });
  wire::Frame asked;
  const auto frames = broker.frames(Operation::settle);
  ASSERT_TRUE(wire::split_frame(frames[0], asked).ok());
  std::string full;
  wire::encode_error(full, asked.request, {Errc::store_full, "The disk is full.", 10ms, {}});
  broker.send(full);
  ASSERT_TRUE(from.flush().ok()) << "the first is no answer";
  const auto all = settles();
  ASSERT_EQ(all.size(), 2u);
  ASSERT_EQ(all[1].ranges.size(), 1u);
  EXPECT_EQ(all[1].ranges[0].first_sequence, 1u);
  EXPECT_EQ(all[1].ranges[0].count, 3u);
  EXPECT_EQ(all[1].kind, model::SettleKind::ack);
}

TEST_F(ConsumeTest, StaleAcksAreToldApart) {
  connect();
  publish(4);
  Consumer from = consumer();
  const auto deliveries = receive(from, 4);
  ASSERT_EQ(from.reject(std::span(deliveries).subspan(1, 2), "no")->applied, 2u);
  const auto settled = from.ack(deliveries);
  ASSERT_TRUE(settled.ok());
  EXPECT_EQ(settled->applied, 2u);
  EXPECT_EQ(settled->stale, (std::vector<std::uint64_t>{2, 3}));
  from.ack_async(deliveries);
  ASSERT_TRUE(from.flush().ok());
  EXPECT_EQ(from.stale_acks(), 2u);
}

TEST_F(ConsumeTest, ARepeatIsAnsweredAsTheFirstWasAfterAReconnectToo) {
  connect();
  publish(4);
  Consumer from = consumer();
  const auto taken = receive(from, 4);
  ASSERT_EQ(taken.size(), 4u);
  ASSERT_EQ(from.ack(taken[0])->applied, 1u);
  ASSERT_EQ(from.reject(taken[1], "no")->applied, 1u);
  from.ack_async(taken[2]);
  ASSERT_TRUE(from.flush().ok());
  for (const bool restarted : {false, true}) {
    if (restarted) broker.run([&] { ++broker.boot_epoch; });
    const std::size_t subscribed = broker.count(Operation::subscribe);
    broker.cut();
    ASSERT_TRUE(broker.wait_for(Operation::subscribe, subscribed + 1));
    ASSERT_TRUE(connection->wait_connected(5s).ok());
    EXPECT_EQ(from.ack(taken[0])->applied, 1u);
    EXPECT_EQ(from.nack(taken[0])->stale, std::vector<std::uint64_t>{1});
    EXPECT_EQ(from.extend(taken[0], 1s)->stale, std::vector<std::uint64_t>{1});
    EXPECT_EQ(from.reject(taken[1], "no")->applied, 1u);
    EXPECT_EQ(from.ack(std::span(taken).first(3))->stale, std::vector<std::uint64_t>{2});
    EXPECT_EQ(from.ack(taken[3])->stale, std::vector<std::uint64_t>{4});  // its lease ended with the session
    from.ack_async(taken[0]);
    ASSERT_TRUE(from.flush().ok());
    EXPECT_EQ(from.stale_acks(), 0u);
  }
}

TEST_F(ConsumeTest, GivenBackGoesWhatIsHereAndWhatIsOnItsWayUntilTheNextReceive) {
  connect();
  publish(10);
  ConsumerOptions options;
  options.credit = 5;
  options.concurrency = 4;  // one more is read ahead from the beginning
  Consumer from = consumer(options);
  const auto taken = receive(from, 2);
  ASSERT_EQ(taken.size(), 2u);
  ASSERT_TRUE(from.give_back().ok());
  ASSERT_TRUE(broker.wait_for(Operation::settle, 1));
  EXPECT_EQ(settles()[0].kind, model::SettleKind::release);
  EXPECT_EQ(client::count_messages(settles()[0].ranges), 3u);
  EXPECT_EQ(from.ack(taken)->applied, 2u);
  const std::size_t subscribed = broker.count(Operation::subscribe);
  broker.cut();  // a new session brings nothing either
  ASSERT_TRUE(broker.wait_for(Operation::subscribe, subscribed + 1));
  EXPECT_EQ(broker.stored().size(), 8u);
  EXPECT_EQ(receive(from, 5).size(), 5u);
}

TEST_F(ConsumeTest, EveryVerbSendsItsKind) {
  connect();
  publish(4);
  Consumer from = consumer();
  const auto deliveries = receive(from, 4);
  ASSERT_EQ(deliveries.size(), 4u);
  broker.run([&] { broker.subscribe_refusal = {Errc::ok, ""}; });
  EXPECT_TRUE(from.nack(deliveries[0], {.delay = 3s, .error = "oops"}).ok());
  EXPECT_TRUE(from.reject(deliveries[1], "never").ok());
  EXPECT_TRUE(from.release(deliveries[2]).ok());
  EXPECT_TRUE(from.extend(deliveries[3], 5s).ok());
  const auto sent = settles();
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_EQ(sent[0].kind, model::SettleKind::nack);
  EXPECT_EQ(sent[0].duration_ms, 3'000);
  EXPECT_EQ(sent[1].kind, model::SettleKind::reject);
  EXPECT_EQ(sent[2].kind, model::SettleKind::release);
  EXPECT_EQ(sent[3].kind, model::SettleKind::extend);
  EXPECT_EQ(sent[3].duration_ms, 5'000);
  EXPECT_EQ(from.extend(deliveries[3], 1ms).error().code, Errc::out_of_range);
  EXPECT_EQ(from.nack(deliveries[3], {.delay = -1ms}).error().code, Errc::out_of_range);
}

TEST_F(ConsumeTest, ASettleWithoutAnAnswerTimesOut) {
  client::CoreOptions options;
  options.call_timeout = 50ms;
  connect(options);
  publish(1);
  Consumer from = consumer();
  const auto deliveries = receive(from, 1);
  ASSERT_EQ(deliveries.size(), 1u);
  broker.run([&] { broker.settles = false; });
  EXPECT_EQ(from.ack(deliveries).error().code, Errc::timeout);
}

TEST_F(ConsumeTest, AReconnectSubscribesAgainDropsWhatWasNotTakenAndMakesTheRestStale) {
  connect();
  publish(10);
  Consumer from = consumer();
  const auto taken = receive(from, 4);
  ASSERT_EQ(taken.size(), 4u);
  broker.run([&] { ++broker.boot_epoch; });
  broker.cut();
  ASSERT_TRUE(broker.wait_for(Operation::subscribe, 2));
  const auto again = receive(from, 10);
  ASSERT_EQ(again.size(), 10u);
  EXPECT_EQ(again[0].sequence(), 1u);
  EXPECT_EQ(again[0].deliveries(), 2u);
  const auto stale = from.ack(taken);
  ASSERT_TRUE(stale.ok());
  EXPECT_EQ(stale->applied, 0u);
  EXPECT_EQ(stale->stale, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(from.ack(again)->applied, 10u);
}

TEST_F(ConsumeTest, ASettleUnderWayWhenTheConnectionIsLostIsNotKnown) {
  connect();
  publish(2);
  Consumer from = consumer();
  const auto deliveries = receive(from, 2);
  broker.run([&] { broker.settles = false; });
  auto settling = std::async(std::launch::async, [&] {
    const auto settled = from.ack(deliveries[0]);
    return settled ? Errc::ok : settled.error().code;
  });
  ASSERT_TRUE(broker.wait_for(Operation::settle, 1));
  from.ack_async(deliveries[1]);
  broker.cut(false);
  EXPECT_EQ(settling.get(), Errc::disconnected);
  EXPECT_EQ(from.ack(deliveries[1]).error().code, Errc::disconnected);
  EXPECT_EQ(from.flush().error().code, Errc::disconnected);
  EXPECT_TRUE(from.flush().ok());
  EXPECT_EQ(from.stale_acks(), 1u);
}

TEST_F(ConsumeTest, LeasesAreRenewedOnceAMessageCame) {
  broker.run([&] { broker.visibility_timeout_ms = 90; });
  connect();
  Consumer from = consumer();
  std::this_thread::sleep_for(150ms);
  EXPECT_EQ(broker.count(Operation::renew), 0u);
  publish(1);
  const auto deliveries = receive(from, 1);
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_TRUE(broker.wait_for(Operation::renew, 3, 3s));
  ASSERT_TRUE(from.ack(deliveries).ok());
}

TEST_F(ConsumeTest, WithoutRenewalALateMessageIsNotHandedOut) {
  broker.run([&] { broker.visibility_timeout_ms = 60; });
  connect();
  publish(1);
  ConsumerOptions options;
  options.renew_leases = false;
  Consumer from = consumer(options);
  ASSERT_TRUE(broker.wait_for(Operation::subscribe, 1));
  std::this_thread::sleep_for(120ms);
  // What was in the buffer is too old; it is given back, and comes again.
  const auto deliveries = from.receive(1, 2s);
  ASSERT_EQ(deliveries->size(), 1u);
  EXPECT_EQ(deliveries->front().deliveries(), 2u);
  EXPECT_EQ(broker.count(Operation::renew), 0u);
}

TEST_F(ConsumeTest, ADamagedRecordIsNackedAndNeverHandedOut) {
  connect();
  publish(1);
  broker.run([&] { broker.corrupt_byte = format::record_header_bytes + 1; });
  Consumer from = consumer();
  EXPECT_TRUE(from.receive(1, 100ms)->empty());
  const auto nacks = broker.frames(Operation::settle);
  ASSERT_GE(nacks.size(), 1u);
  EXPECT_NE(nacks[0].find("checksum"), std::string::npos);
  broker.run([&] { broker.corrupt_byte = std::string::npos; });
  EXPECT_EQ(receive(from, 1).size(), 1u);
}

TEST_F(ConsumeTest, DamagedRecordsAreCounted) {
  connect();
  publish(3);
  broker.run([&] { broker.corrupt_byte = 0; });  // the length: nothing behind it can be found
  const auto of = core->join("orders", {.credit = 3}, Wait{5s});
  ASSERT_TRUE(of.ok());
  EXPECT_TRUE(core->receive(*of, 10, Wait{50ms})->empty());
  EXPECT_GE(core->damaged_records(*of), 3u);
}

TEST_F(ConsumeTest, ADamagedRunGivesTheConnectionUp) {
  connect();
  publish(1);
  Consumer from = consumer();
  std::string frame;
  wire::encode_deliver_head(frame, model::SubscriptionId{1});
  frame.append(100, '\x7f');
  broker.send(frame);
  EXPECT_TRUE(eventually([&] { return broker.reconnects() == 1; }));
  EXPECT_EQ(receive(from, 1).size(), 1u);
}

TEST_F(ConsumeTest, InterruptWakesEveryWaitingThread) {
  connect();
  Consumer from = consumer();
  std::vector<std::future<bool>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] {
      const auto start = std::chrono::steady_clock::now();
      return from.receive(1, 60s)->empty() && std::chrono::steady_clock::now() - start < 30s;
    }));
  }
  std::this_thread::sleep_for(50ms);
  from.interrupt();
  for (auto& thread : waiting) EXPECT_TRUE(thread.get());
}

TEST_F(ConsumeTest, CloseReleasesWhatWasNotTakenAndSettlesPendingAcks) {
  connect();
  publish(10);
  Consumer from = consumer();
  const auto taken = receive(from, 3);
  ASSERT_EQ(taken.size(), 3u);
  from.ack_async(taken);
  from.close();
  ASSERT_TRUE(broker.wait_for(Operation::unsubscribe, 1));
  EXPECT_EQ(broker.stored().size(), 7u);
  EXPECT_EQ(from.receive(1, 1s).error().code, Errc::closed);
  EXPECT_EQ(from.ack(taken)->applied, 3u);  // what became of them stays true
  EXPECT_EQ(from.nack(taken)->stale.size(), 3u);
  const auto sent = settles();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.back().kind, model::SettleKind::release);
  EXPECT_GT(client::count_messages(sent.back().ranges), 0u);  // what was read ahead
  from.close();
}

TEST_F(ConsumeTest, APongThatNobodyAskedForEndsNoConsumer) {
  connect();
  publish(3);
  Consumer from = consumer();
  ASSERT_EQ(receive(from, 1).size(), 1u);
  broker.run([&] { broker.pongs = false; });
  auto closing = std::async(std::launch::async, [&] { from.close(); });
  ASSERT_TRUE(broker.wait_for(Operation::ping, 1));
  std::string pong;
  wire::encode_pong(pong, broker.now_ms);
  broker.send(pong);
  EXPECT_EQ(broker.count(Operation::unsubscribe), 0u);
  pong.clear();
  wire::encode_pong(pong, broker.now_ms, 1);
  broker.send(pong);
  closing.get();
  EXPECT_TRUE(broker.wait_for(Operation::unsubscribe, 1));
}

TEST_F(ConsumeTest, ABlockedReceiveEndsWhenTheConsumerIsClosed) {
  connect();
  Consumer from = consumer();
  auto waiting = std::async(std::launch::async, [&] { return from.receive(1, 60s); });
  std::this_thread::sleep_for(20ms);
  from.close();
  EXPECT_EQ(waiting.get().error().code, Errc::closed);
}

TEST_F(ConsumeTest, ARefusedSubscriptionIsAnError) {
  connect();
  broker.run([&] { broker.subscribe_refusal = {Errc::no_queue, "there is no such queue"}; });
  EXPECT_EQ(connection->consume("orders").error().code, Errc::no_queue);
}

TEST_F(ConsumeTest, AnEndedSubscriptionTellsWhy) {
  connect();
  Consumer from = consumer();
  std::string frame;
  wire::encode(frame, model::SubscriptionEnded{model::SubscriptionId{1}, {Errc::no_queue, "removed"}});
  broker.send(frame);
  EXPECT_EQ(from.receive(1, 1s).error().code, Errc::no_queue);
  EXPECT_EQ(from.set_credit(1).error().code, Errc::no_queue);
}

TEST_F(ConsumeTest, AConsumerOutlivesItsConnectionAndSaysClosed) {
  connect();
  publish(2);
  Consumer from = consumer();
  const auto deliveries = receive(from, 1);
  ASSERT_EQ(deliveries.size(), 1u);
  connection.reset();
  core.reset();
  EXPECT_EQ(from.receive(1, 1s).error().code, Errc::closed);
  EXPECT_EQ(from.ack(deliveries).error().code, Errc::closed);
  from.ack_async(deliveries);
  EXPECT_EQ(deliveries[0].body(), "body 0");
  EXPECT_EQ(Consumer{}.receive().error().code, Errc::closed);
}

TEST_F(ConsumeTest, ManyThreadsReceiveAndSettleOnOneConsumer) {
  connect();
  publish(2'000);
  Consumer from = consumer({.credit = 500});
  std::atomic<int> settled{0};
  std::vector<std::future<void>> threads;
  for (int t = 0; t < 4; ++t) {
    threads.push_back(std::async(std::launch::async, [&, t] {
      while (settled < 2'000) {
        const auto deliveries = from.receive(17, 50ms);
        if (!deliveries || deliveries->empty()) continue;
        if (t % 2 == 0) {
          settled += static_cast<int>(from.ack(*deliveries)->applied);
        } else {
          from.ack_async(*deliveries);
          settled += static_cast<int>(deliveries->size());
        }
      }
    }));
  }
  for (auto& thread : threads) thread.get();
  ASSERT_TRUE(from.flush().ok());
  EXPECT_EQ(from.stale_acks(), 0u);
  EXPECT_TRUE(broker.stored().empty());
}

}  // namespace
}  // namespace ackwire::test
