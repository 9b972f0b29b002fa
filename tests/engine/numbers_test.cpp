// The numbers of a producer's frames: nothing is stored twice under them, however the batches are grouped.
#include "engine/acts/numbers.hpp"

#include "engine/broker_world.hpp"

namespace ackwire::test {

class Numbers : public BrokerWorld {
 protected:
  void SetUp() override {
    BrokerWorld::SetUp();
    make_queue();
  }
  /// A frame of one batch for each body; the entries of its answer.
  std::string send(std::uint64_t number, const std::vector<std::string>& bodies, std::uint64_t first_unconfirmed) {
    std::vector<std::string> records;
    for (const std::string& body : bodies) records.push_back(record({.body = body}));
    model::Publish frame;
    frame.queue = "orders";
    frame.producer.fill('p');
    frame.producer_sequence = number;
    frame.first_unconfirmed = first_unconfirmed;
    for (const std::string& one : records) frame.batches.push_back({1, one});
    EXPECT_TRUE(turn([&](engine::Engine& e) { e.publish(producer, frame); }).ok());
    for (auto it = effects_.begin(); it != effects_.end(); ++it) {
      if (auto* confirm = std::get_if<model::Confirm>(&it->what)) {
        const std::string entries = confirm->entries;
        effects_.erase(it);
        return entries;
      }
    }
    ADD_FAILURE() << "no confirm";
    return {};
  }
  static Error refusal(std::string_view entries) {
    format::ConfirmEntry entry;
    if (!format::split_confirm(entries, entry)) return Error{Errc::internal, "damaged", {}, {}};
    return entry.kind == 2 ? entry.error : Error{Errc::ok, {}, {}, {}};
  }
  void expect_refused(const std::string& entries, Errc code, std::initializer_list<const char*> says, std::size_t batches = 1) {
    const Error error = refusal(entries);
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_EQ(format::count_batches(entries), batches) << "each batch has its refusal";
    for (const char* part : says) EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  }
};

TEST_F(Numbers, RegroupedBatchesAreRefusedAndStoredOnce) {
  const std::string answer = send(1, {"a", "b", "c"}, 1);
  EXPECT_EQ(refusal(answer).code, Errc::ok);
  expect_refused(send(1, {"a"}, 1), Errc::invalid_argument, {"number 1", "numbers 1 to 3", "answered already", "twice"});
  expect_refused(send(2, {"b"}, 1), Errc::invalid_argument, {"number 2", "numbers 1 to 3"});
  expect_refused(send(3, {"c", "d"}, 1), Errc::invalid_argument, {"numbers 3 to 4", "numbers 1 to 3"}, 2);
  expect_refused(send(1, {"a", "b", "c", "d"}, 1), Errc::invalid_argument, {"numbers 1 to 4", "numbers 1 to 3"}, 4);
  EXPECT_EQ(info().published, 3u);
  EXPECT_EQ(send(1, {"a", "b", "c"}, 1), answer) << "the frame as it was gets its answer";
  EXPECT_EQ(refusal(send(4, {"d"}, 1)).code, Errc::ok) << "the refused frames used no number up";
  EXPECT_EQ(info().published, 4u);
}

TEST_F(Numbers, AFrameThatReachesIntoALaterOneIsRefused) {
  EXPECT_EQ(refusal(send(5, {"e"}, 1)).code, Errc::ok) << "gaps are allowed";
  expect_refused(send(3, {"c", "d", "e"}, 1), Errc::invalid_argument, {"numbers 3 to 5", "number 5"}, 3);
  EXPECT_EQ(refusal(send(3, {"c", "d"}, 1)).code, Errc::ok) << "it ends before";
  EXPECT_EQ(refusal(send(1, {"a", "b"}, 1)).code, Errc::ok);
  EXPECT_EQ(info().published, 5u);
}

TEST_F(Numbers, AreJudgedTheSameAfterARestart) {
  send(1, {"a", "b"}, 1);
  crash();
  expect_refused(send(2, {"b"}, 1), Errc::invalid_argument, {"number 2", "numbers 1 to 2"});
  EXPECT_EQ(info().published, 2u);
}

TEST_F(Numbers, ARefusedBatchUsesItsNumberUp) {
  set({.max_message_bytes = 5});
  expect_refused(send(1, {"a large one"}, 1), Errc::too_large, {"11 bytes", "at most 5"});
  expect_refused(send(1, {"small"}, 1), Errc::too_large, {"11 bytes"});
  EXPECT_EQ(info().published, 0u) << "the refusal is the answer to number 1";
  EXPECT_EQ(refusal(send(2, {"small"}, 1)).code, Errc::ok);
}

TEST_F(Numbers, ReleasedOnesAreOver) {
  send(1, {"a"}, 1);
  send(2, {"b"}, 2);
  send(3, {"c"}, 3);
  expect_refused(send(1, {"a"}, 1), Errc::invalid_argument, {"Number 1", "below 3", "new number"});
  EXPECT_EQ(info().published, 3u);
}

TEST_F(Numbers, AFrameIsReleasedAsAWhole) {
  send(1, {"a", "b", "c"}, 1);
  send(4, {"d"}, 2);  // as if batch 1 alone had been answered
  expect_refused(send(2, {"b"}, 2), Errc::invalid_argument, {"Number 2", "below 4"});
  EXPECT_EQ(info().published, 4u);
}

TEST_F(Numbers, TooManyUnreleasedAnswersSayWhatFreesThem) {
  for (std::uint64_t number = 1; number <= engine::answers_per_producer; ++number)
    ASSERT_EQ(refusal(send(number, {"x"}, 1)).code, Errc::ok) << number;
  const std::string refused = send(257, {"x"}, 1);
  expect_refused(refused, Errc::overloaded, {"256 answers", "'orders'", "first_unconfirmed (1)", "stays free"});
  EXPECT_EQ(refusal(refused).retry_after.count(), 0) << "waiting frees none of them";
  EXPECT_EQ(refusal(send(1, {"x"}, 1)).code, Errc::ok) << "a repeated frame is answered";
  EXPECT_EQ(info().published, 256u);
  EXPECT_EQ(refusal(send(257, {"x"}, 2)).code, Errc::ok) << "the same number, with one answer released";
  EXPECT_EQ(info().published, 257u);
}

}  // namespace ackwire::test
