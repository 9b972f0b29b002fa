// What an embedded broker tells its host through BrokerOptions::log, and names that are no directory.
#include <mutex>

#include "embedded/face_fixture.hpp"

namespace ackwire::test {
namespace {

/// Keeps every line.
class Lines {
 public:
  LogSink sink() {
    return [this](const LogEvent& event) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(event);
    };
  }
  std::ptrdiff_t count(std::string_view event, std::string_view words = {}) const {
    const std::lock_guard lock(mutex_);
    return std::count_if(lines_.begin(), lines_.end(),
                         [&](const LogEvent& line) { return line.event == event && line.text.find(words) != std::string::npos; });
  }
  bool has(std::string_view event, std::string_view words = {}) const { return count(event, words) > 0; }

 private:
  mutable std::mutex mutex_;
  std::vector<LogEvent> lines_;
};

}  // namespace

TEST(BrokerLog, TellsLifeAdministrationRefusalsAndDeaths) {
  const Scratch directory;
  Lines lines;
  Errc inside = Errc::ok;
  {
    BrokerOptions options;
    Broker* reached = nullptr;
    options.log = [&, sink = lines.sink()](const LogEvent& event) {
      sink(event);
      if (reached != nullptr && event.event == "queue_changed") inside = reached->stats().error().code;
    };
    auto broker = Broker::open(directory.path() / "store", options);
    ASSERT_TRUE(broker.ok()) << broker.error().message;
    reached = &*broker;
    ASSERT_TRUE(broker->create_queue("orders").ok());
    ASSERT_TRUE(broker->set_queue("orders", {.max_depth = 1}).ok());
    ASSERT_TRUE(broker->publish("orders", message("a")).ok());
    EXPECT_FALSE(broker->publish("orders", message("b")).ok());
    auto consumer = broker->consume("orders");
    ASSERT_TRUE(consumer.ok());
    ASSERT_TRUE(consumer->reject(receive(*consumer, 1), "never").ok());
    EXPECT_FALSE(broker->queue_info("nope").ok());
    reached = nullptr;
  }
  EXPECT_EQ(inside, Errc::reentrant);
  EXPECT_TRUE(lines.has("broker_opened"));
  EXPECT_TRUE(lines.has("queue_created", "embedded made queue orders"));
  EXPECT_TRUE(lines.has("queue_changed", "max_depth 1000000 -> 1"));
  EXPECT_TRUE(lines.has("publish_refused", "max_depth"));
  EXPECT_TRUE(lines.has("dead_lettered", "rejected, never"));
  EXPECT_TRUE(lines.has("request_refused", "nope"));
  EXPECT_TRUE(lines.has("session_ended"));
}

// A broker that is destroyed right behind its connection's goodbye still does what the goodbye asks.
TEST(BrokerLog, TellsOfEveryGoodbyeHoweverFastTheBrokerIsClosed) {
  const Scratch directory;
  Lines lines;
  constexpr int rounds = 100;
  for (int i = 0; i < rounds; ++i) {
    BrokerOptions options;
    options.log = lines.sink();
    auto broker = Broker::open(directory.path() / "store", options);
    ASSERT_TRUE(broker.ok()) << broker.error().message;
  }
  EXPECT_EQ(lines.count("session_ended", "said goodbye"), rounds);
}

TEST(BrokerOpen, RefusesWhatIsNoDirectory) {
  for (const char* name : {":memory:", "tcp://127.0.0.1:7733", "ipc:///tmp/socket"}) {
    EXPECT_EQ(Broker::open(name).error().code, Errc::invalid_argument) << name;
    EXPECT_FALSE(std::filesystem::exists(name)) << name;
  }
}

}  // namespace ackwire::test
