#include <sys/wait.h>
#include <unistd.h>

#include "client_fixture.hpp"
#include "wire/session.hpp"

namespace ackwire::test {
namespace {

using LifeTest = ClientTest;

TEST_F(LifeTest, SaysHelloWithItsNameAndKeepsItsProducerId) {
  client::CoreOptions options;
  options.name = "loader";
  connect(options);
  broker.cut();
  ASSERT_TRUE(broker.wait_for(Operation::hello, 2));
  std::vector<model::ProducerId> producers;
  for (const std::string& bytes : broker.frames(Operation::hello)) {
    wire::Frame frame;
    ASSERT_TRUE(wire::split_frame(bytes, frame).ok());
    const auto hello = wire::decode_hello(frame.payload);
    ASSERT_TRUE(hello.ok());
    EXPECT_EQ(hello->client_name, "loader");
    producers.push_back(hello->producer);
  }
  EXPECT_EQ(producers[0], producers[1]);
  EXPECT_NE(producers[0], model::ProducerId{});
}

TEST_F(LifeTest, PingsWhenNothingIsSaid) {
  client::CoreOptions options;
  options.heartbeat = 20ms;
  connect(options);
  EXPECT_TRUE(broker.wait_for(Operation::ping, 3, 3s));
  EXPECT_EQ(connection->state(), ConnectionState::connected);
  EXPECT_EQ(broker.reconnects(), 0u);
}

TEST_F(LifeTest, PingsOftenEnoughForTheSessionTimeoutOfTheBroker) {
  broker.run([&] { broker.session_timeout_ms = 60; });
  connect();
  EXPECT_TRUE(broker.wait_for(Operation::ping, 3, 3s));
}

TEST_F(LifeTest, ASilentBrokerIsGivenUp) {
  client::CoreOptions options;
  options.heartbeat = 20ms;
  connect(options);
  broker.run([&] { broker.pongs = false; });
  EXPECT_TRUE(eventually([&] { return broker.reconnects() >= 1; }));
  EXPECT_TRUE(broker.wait_for(Operation::hello, 2));
}

TEST_F(LifeTest, TellsEveryChangeOfStateAndRefusesCallsFromInside) {
  std::mutex mutex;
  std::vector<ConnectionState> states;
  Errc inside = Errc::ok;
  connect();
  connection->on_state_change([&](ConnectionState state, std::string_view) {
    const std::lock_guard lock(mutex);
    states.push_back(state);
    const auto refused = connection->publish("orders", message("x"));
    inside = refused ? Errc::ok : refused.error().code;
  });
  broker.cut();
  ASSERT_TRUE(connection->wait_connected(5s).ok());
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return states.size() >= 2;
  }));
  ASSERT_TRUE(connection->close().ok());
  const std::lock_guard lock(mutex);
  EXPECT_EQ(states, (std::vector{ConnectionState::disconnected, ConnectionState::connected, ConnectionState::closed}));
  EXPECT_EQ(inside, Errc::reentrant);
}

TEST_F(LifeTest, AnotherVersionEndsTheConnection) {
  broker.run([&] { broker.welcomes = false; });
  connect({}, false);
  std::string error;
  wire::encode_error(error, 0, {Errc::unsupported_version, "speaks 2 to 3"});
  broker.send(error);
  EXPECT_EQ(connection->wait_connected(5s).error().code, Errc::unsupported_version);
  EXPECT_EQ(connection->publish("orders", message("x")).error().code, Errc::unsupported_version);
}

TEST_F(LifeTest, ABrokerInThisProcessThatWasReopenedIsGreetedAgain) {
  client::CoreOptions options;
  options.embedded = true;
  connect(options);
  broker.run([&] { broker.confirms = false; });
  const auto pending = connection->publish_async("orders", message("x"));
  ASSERT_TRUE(broker.wait_for(Operation::publish, 1));
  broker.run([&] { broker.confirms = true; });
  std::string goodbye;
  wire::encode_goodbye(goodbye, Errc::store_full, "full");
  broker.send(goodbye);
  EXPECT_TRUE(pending->wait(5s).ok());
  EXPECT_EQ(broker.count(Operation::hello), 2u);
  EXPECT_EQ(broker.published(), 1u);
}

TEST_F(LifeTest, ABrokerInThisProcessThatFailedLeavesNobodyWaiting) {
  client::CoreOptions options;
  options.embedded = true;
  connect(options);
  broker.run([&] {
    broker.confirms = false;
    broker.welcomes = false;
  });
  const auto pending = connection->publish_async("orders", message("x"));
  Consumer from = consumer();
  ASSERT_TRUE(broker.wait_for(Operation::publish, 1));
  std::string frame;
  wire::encode_goodbye(frame, Errc::io, "the disk failed");
  broker.send(frame);
  ASSERT_TRUE(broker.wait_for(Operation::hello, 2));
  frame.clear();
  wire::encode_error(frame, 0, {Errc::failed, "The broker stopped confirming."});
  broker.send(frame);
  EXPECT_EQ(pending->wait(5s).error().code, Errc::indeterminate);
  EXPECT_EQ(from.receive(1, 5s).error().code, Errc::failed);
  EXPECT_EQ(connection->publish("orders", message("y")).error().code, Errc::failed);
  EXPECT_EQ(connection->list_queues().error().code, Errc::failed);
  EXPECT_EQ(connection->state(), ConnectionState::disconnected);
  EXPECT_TRUE(connection->close().ok());
}

TEST_F(LifeTest, ABrokenFrameGivesTheConnectionUp) {
  connect();
  broker.send("garbage, not a frame");
  EXPECT_TRUE(eventually([&] { return broker.reconnects() == 1; }));
  EXPECT_TRUE(connection->wait_connected(5s).ok());
}

TEST_F(LifeTest, RequestsAreAnswered) {
  connect();
  broker.run([&] {
    broker.reply = [](const model::Request& what) -> model::Reply {
      if (const auto* get = std::get_if<model::GetQueue>(&what)) {
        QueueInfo info;
        info.name = get->queue;
        return info;
      }
      return Error{Errc::no_queue, "no"};
    };
  });
  const auto info = connection->queue_info("orders");
  ASSERT_TRUE(info.ok()) << info.error().message;
  EXPECT_EQ(info->name, "orders");
  EXPECT_EQ(connection->stats().error().code, Errc::no_queue);
}

TEST_F(LifeTest, AReplyOfAnotherKindIsAnError) {
  connect();
  EXPECT_EQ(connection->queue_info("orders").error().code, Errc::internal);
}

TEST_F(LifeTest, ASafeRequestIsRepeatedAfterAReconnectAndAnUnsafeOneIsNot) {
  connect();
  broker.run([&] {
    broker.replies = false;
    broker.reply = [](const model::Request& what) -> model::Reply {
      if (std::holds_alternative<model::ListQueues>(what)) return model::QueuePage{};
      return model::Purged{};
    };
  });
  auto safe = std::async(std::launch::async, [&] { return connection->list_queues(); });
  auto unsafe = std::async(std::launch::async, [&] { return connection->purge("orders"); });
  ASSERT_TRUE(broker.wait_for(Operation::request, 2));
  broker.run([&] { broker.replies = true; });
  broker.cut();
  EXPECT_TRUE(safe.get().ok());
  EXPECT_EQ(unsafe.get().error().code, Errc::disconnected);
  EXPECT_EQ(broker.count(Operation::request), 3u);
}

TEST_F(LifeTest, LongWorkIsAJobThatIsWaitedFor) {
  client::CoreOptions options;
  options.call_timeout = 300ms;
  connect(options);
  broker.run([&] {
    broker.reply = [looks = 0](const model::Request& what) mutable -> model::Reply {
      Job job{.id = 7, .moved = 10};
      if (const auto* start = std::get_if<model::StartJob>(&what)) {
        job.kind = start->kind;
        looks = start->kind == JobKind::discard ? -100'000 : 0;
        return job;
      }
      EXPECT_EQ(std::get<model::GetJob>(what).id, 7u);
      if (++looks < 3) return job;
      job.state = JobState::done, job.moved = 30;
      return job;
    };
  });
  EXPECT_EQ(*connection->purge("orders"), 30u);
  EXPECT_EQ(broker.count(Operation::request), 4u);
  const auto late = connection->discard("orders", "default");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_NE(late.error().message.find("goes on in the broker as job 7"), std::string::npos) << late.error().message;
  EXPECT_NE(late.error().message.find("cancel_job(7)"), std::string::npos) << late.error().message;
}

TEST_F(LifeTest, AJobThatEndedOtherwiseSaysHowFarItCame) {
  connect();
  broker.run([&] {
    broker.reply = [](const model::Request& what) -> model::Reply {
      const JobKind kind = std::get<model::StartJob>(what).kind;
      const bool cancelled = kind == JobKind::purge;
      return Job{.id = 7,
                 .kind = kind,
                 .state = cancelled ? JobState::cancelled : JobState::failed,
                 .moved = 10,
                 .code = "overloaded",
                 .error = "There is no room."};
    };
  });
  EXPECT_EQ(connection->purge("orders").error().code, Errc::indeterminate);
  const auto full = connection->redrive("orders", "default");
  EXPECT_EQ(full.error().code, Errc::overloaded);
  EXPECT_EQ(full.error().index, 10u);
  EXPECT_EQ(full.error().message, "There is no room. Before that, 10 messages were redriven.");
}

TEST_F(LifeTest, LongWorkIsASeriesOfRequestsForABrokerWithoutJobs) {
  connect();
  broker.run([&] {
    broker.reply = [chunk = 0](const model::Request& what) mutable -> model::Reply {
      if (std::holds_alternative<model::StartJob>(what))
        return Error{Errc::invalid_argument, "Request 'start_job' does not exist. Nothing was changed.", {}, {}};
      ++chunk;
      if (const auto* purge = std::get_if<model::Purge>(&what)) {
        EXPECT_EQ(purge->below_sequence, chunk == 1 ? 0u : 99u);
        return model::Purged{10, 99, chunk < 3};
      }
      if (const auto* move = std::get_if<model::MoveDead>(&what)) {
        EXPECT_EQ(move->from, chunk == 4 ? 0u : 50u);
        return model::Moved{{5, {7}}, 50, 1'234, chunk < 5};
      }
      return model::Done{};
    };
  });
  EXPECT_EQ(*connection->purge("orders"), 30u);
  const auto moved = connection->redrive("orders", "default");
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->moved, 10u);
  EXPECT_EQ(moved->not_found.size(), 2u);
  EXPECT_TRUE(connection->remove_queue("orders", true).ok());
  EXPECT_EQ(broker.count(Operation::request), 8u);
}

TEST_F(LifeTest, ARequestWithoutAReplyTimesOut) {
  client::CoreOptions options;
  options.call_timeout = 50ms;
  connect(options);
  broker.run([&] { broker.replies = false; });
  EXPECT_EQ(connection->list_queues().error().code, Errc::timeout);
}

TEST_F(LifeTest, AnOutageIsToldWithItsPlaceItsReasonAndTheRealTime) {
  client::CoreOptions options;
  options.endpoint = "tcp://127.0.0.1:7733";
  options.call_timeout = 50ms;
  connect(options);
  EXPECT_EQ(connection->unreachable(), "");
  broker.cut(false);
  ASSERT_TRUE(eventually([&] { return !connection->unreachable().empty(); }));
  EXPECT_NE(connection->unreachable().find("tcp://127.0.0.1:7733"), std::string::npos);
  EXPECT_NE(connection->unreachable().find("no connection since"), std::string::npos);
  auto pending = connection->publish_async("orders", message("x"));
  ASSERT_TRUE(pending.ok());
  std::this_thread::sleep_for(120ms);
  // Waits in slices, the last of nothing, as a binding does that has to look after signals: the time told is the real one.
  const auto late = pending->wait(Duration{0});
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_EQ(late.error().message.find("within 0"), std::string::npos) << late.error().message;
  EXPECT_NE(late.error().message.find(connection->unreachable().substr(0, 20)), std::string::npos) << late.error().message;
  EXPECT_NE(connection->list_queues().error().message.find("no connection since"), std::string::npos);
  broker.connect_again();
  EXPECT_TRUE(pending->wait(5s).ok());
  EXPECT_EQ(connection->unreachable(), "");
}

TEST_F(LifeTest, CloseEndsEveryWait) {
  connect();
  broker.run([&] {
    broker.replies = false;
    broker.confirms = false;
  });
  Consumer from = consumer();
  ASSERT_TRUE(from.set_credit(0).ok());
  auto receiving = std::async(std::launch::async, [&] { return from.receive(1, 60s); });
  auto asking = std::async(std::launch::async, [&] { return connection->list_queues(); });
  auto publishing = std::async(std::launch::async, [&] { return connection->publish("orders", message("x")); });
  ASSERT_TRUE(broker.wait_for(Operation::publish, 1));
  ASSERT_TRUE(broker.wait_for(Operation::request, 1));
  EXPECT_EQ(connection->close(20ms).error().code, Errc::indeterminate);
  EXPECT_EQ(receiving.get().error().code, Errc::closed);
  EXPECT_FALSE(asking.get().ok());
  EXPECT_EQ(publishing.get().error().code, Errc::indeterminate);
  EXPECT_EQ(broker.count(Operation::goodbye), 1u);
}

TEST_F(LifeTest, AChildProcessIsTold) {
  connect();
  Consumer from = consumer();
  const auto pending = connection->publish_async("orders", message("x"));
  ASSERT_TRUE(pending->wait(5s).ok());
  ASSERT_EQ(from.receive(1, 5s)->size(), 1u);
  auto waiting = std::async(std::launch::async, [&] { return from.receive(1, 60s)->empty(); });
  std::this_thread::sleep_for(20ms);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool told = connection->publish("orders", message("y")).error().code == Errc::forked &&
                      connection->list_queues().error().code == Errc::forked && from.receive(1, 1s).error().code == Errc::forked &&
                      connection->close().error().code == Errc::forked &&
                      connection->wait_connected(1s).error().code == Errc::forked;
    from = Consumer{};  // would wait for the thread of the parent, were it destroyed
    connection.reset();
    core.reset();
    _exit(told ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  from.interrupt();
  EXPECT_TRUE(waiting.get());
  EXPECT_TRUE(connection->publish("orders", message("z")).ok());
}

}  // namespace
}  // namespace ackwire::test
