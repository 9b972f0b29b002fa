// Promises about the store as a whole. Each test cites docs/guarantees.md by number.
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <fstream>

#include "guarantees/scene.hpp"

namespace ackwire::guarantees {
namespace {

class StoreFiles : public Guarantees {
 protected:
  /// The file that holds the messages: the largest.
  std::filesystem::path data_file() const {
    std::filesystem::path largest;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "store")) {
      if (!entry.is_regular_file()) continue;
      if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
    }
    return largest;
  }

  /// Flips one bit of each place where `text` stands in the file; returns how many there were.
  static int flip_a_bit_of(const std::filesystem::path& file, const std::string& text) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    stream.clear();
    int flipped = 0;
    for (auto at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1), ++flipped) {
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put(static_cast<char>(bytes[at] ^ 0x10));
    }
    return flipped;
  }
};

TEST_F(StoreFiles, I18_AfterAFailedCommitNothingIsConfirmedUntilReopen) {
  open();
  publish("before");
  // Somebody takes the data file away: from now on a second broker could write there, so the store fails.
  const auto data = data_file();
  std::filesystem::rename(data, folder / "aside");
  std::string code = "ok";
  std::size_t confirmed = 1;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (std::chrono::steady_clock::now() < deadline) {
    code = code_of(broker->publish(queue, Message{.body = "meanwhile"}));
    if (code != "ok") break;
    ++confirmed;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  EXPECT_TRUE(code == "indeterminate" || code == "failed") << code;
  std::filesystem::rename(folder / "aside", data);
  EXPECT_EQ(code_of(broker->publish(queue, Message{.body = "after"})), "failed") << "also when the cause is gone";
  ASSERT_FALSE(broker->health().ok());
  EXPECT_EQ(broker->health().error().code, Errc::failed);
  close();
  expect_sound();
  reopen();
  auto bodies = drain();
  ASSERT_GE(bodies.size(), confirmed);
  EXPECT_LE(bodies.size(), confirmed + 1) << "the one whose outcome was not known, at most";
  EXPECT_EQ(bodies[0], "before");
}

TEST_F(StoreFiles, I19_AFlippedBitInARecordIsFoundAndNeverHandedOut) {
  open(fast_retry);
  publish("good-body-number-one");
  publish("the-body-that-is-damaged");
  close();
  ASSERT_GT(flip_a_bit_of(data_file(), "the-body-that-is-damaged"), 0);
  EXPECT_FALSE(must(verify(folder / "store")).problems.empty());
  auto again = Broker::open(folder / "store");
  if (!again) {
    EXPECT_EQ(code_of(again), "store_damaged");
    return;
  }
  broker.emplace(*std::move(again));
  for (const auto& body : drain()) EXPECT_EQ(body, "good-body-number-one");
}

TEST_F(StoreFiles, I19_DamagedRowsStopNeitherTheirQueueNorAnyOther) {
  open({.backoff_initial = Duration{60'000}, .backoff_max = Duration{60'000}, .backoff_jitter = 0.0});
  must(broker->ensure_queue("other", {}));
  publish("the-body-of-the-dead-letter");
  publish("the-body-of-the-one-that-waits");
  publish("a-good-body-in-the-block");
  const auto damaged = publish("the-body-in-the-block");
  publish(std::string(200'000, 'x') + "the-body-in-parts");
  publish("the-last-body");
  {
    auto from = consumer(2);
    auto got = receive(from, 2);
    ASSERT_EQ(got.size(), 2u);
    must(from.reject({got.data(), 1}, "never"));
    must(from.nack({got.data() + 1, 1}, {.delay = {}, .error = "later"}));
  }
  close();
  expect_sound();
  for (const char* body :
       {"the-body-of-the-dead-letter", "the-body-of-the-one-that-waits", "the-body-in-the-block", "the-body-in-parts"})
    ASSERT_GT(flip_a_bit_of(data_file(), body), 0) << body;
  EXPECT_GE(must(verify(folder / "store")).problems.size(), 4u);
  std::filesystem::copy(folder / "store", folder / "copy");

  reopen();
  must(broker->publish("other", Message{.body = "unhindered"}));
  auto other = must(broker->consume("other"));
  EXPECT_EQ(receive(other, 1).size(), 1u);
  EXPECT_EQ(drain(), (std::vector<std::string>{"a-good-body-in-the-block", "the-last-body"}));
  // The one that waits is found when it is looked at; a purge looks at it.
  must(broker->purge(queue));
  const auto letters = must(broker->dead_letters(queue, group, 1, 10)).letters;
  ASSERT_EQ(letters.size(), 4u);
  for (const DeadLetter& letter : letters) EXPECT_EQ(letter.reason, DeadReason::damaged) << letter.sequence;
  EXPECT_EQ(letters[2].sequence, damaged.sequence);
  EXPECT_EQ(must(broker->queue_info(queue)).damaged, 4u);
  expect_conserved("with damage found");
  other = Consumer{};
  close();
  expect_sound();

  const auto repaired = must(repair(folder / "copy"));
  EXPECT_GE(repaired.done.size(), 4u);
  EXPECT_EQ(repaired.after.problems, std::vector<std::string>{});
  EXPECT_EQ(repaired.after.dead, 4u);
  EXPECT_TRUE(must(repair(folder / "copy")).done.empty());
}

TEST_F(StoreFiles, I19_APageThatPointsNowhereEndsNeitherTheCheckNorTheRepairByASignal) {
  open();
  for (int i = 0; i < 400; ++i) publish("message " + std::to_string(i) + std::string(500, 'x'));
  close();
  const auto data = data_file();
  const auto size = std::filesystem::file_size(data);
  // Every page but the two that say where the tree begins is another page now.
  std::fstream stream(data, std::ios::in | std::ios::out | std::ios::binary);
  std::string page(4096, '\0');
  for (std::uint64_t at = 2 * page.size(); at + page.size() <= size; at += page.size()) {
    stream.seekg(static_cast<std::streamoff>(at));
    stream.read(page.data(), static_cast<std::streamsize>(page.size()));
    for (std::size_t i = 16; i < 64; ++i) page[i] = static_cast<char>(page[i] * 31 + 77);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.write(page.data(), static_cast<std::streamsize>(page.size()));
  }
  stream.close();
  const auto report = verify(folder / "store");
  EXPECT_TRUE(!report || !report->problems.empty());
  const auto repaired = repair(folder / "store");
  EXPECT_FALSE(repaired.ok());
}

TEST_F(StoreFiles, I19_AStoreThatWasEmptiedIsRefusedAndLeftAlone) {
  open();
  publish("one");
  close();
  std::filesystem::resize_file(data_file(), 0);
  auto refused = Broker::open(folder / "store");
  EXPECT_EQ(code_of(refused), "store_emptied");
  auto again = Broker::open(folder / "store");
  EXPECT_EQ(code_of(again), "store_emptied") << "the first refusal changed nothing";
}

TEST_F(StoreFiles, I20_AnOlderCopyOfTheDataIsRefused) {
  open();
  publish("one");
  close();
  std::filesystem::copy_file(data_file(), folder / "older");
  reopen();
  publish("two");
  close();
  std::filesystem::copy_file(folder / "older", data_file(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(code_of(Broker::open(folder / "store")), "store_rollback");
  broker.emplace(must(Broker::open(folder / "store", {.accept_rollback = true})));
  EXPECT_EQ(drain(), std::vector<std::string>{"one"});
}

TEST_F(StoreFiles, I21_ASecondOpenerIsRefusedAtOnceAndToldWhoHasIt) {
  open();
  auto here = Broker::open(folder / "store");
  EXPECT_EQ(code_of(here), "store_in_use");
  close();
  std::string told;
  auto took = std::chrono::steady_clock::duration::max();
  auto owner = kill_after(
      1,
      [this](const Say& say) {
        open();
        say(std::to_string(::getpid()));
        ::pause();
      },
      [&] {
        auto started = std::chrono::steady_clock::now();
        auto refused = Broker::open(folder / "store");
        took = std::chrono::steady_clock::now() - started;
        told = code_of(refused) + (refused.ok() ? "" : ": " + refused.error().message);
      });
  EXPECT_TRUE(told.starts_with("store_in_use")) << told;
  EXPECT_NE(told.find(owner.at(0)), std::string::npos) << "the process " << owner.at(0) << " is not named: " << told;
  EXPECT_LE(took, std::chrono::milliseconds{500});
  reopen();
  EXPECT_TRUE(broker->health().ok()) << "the lock of a dead process does not stand in the way";
}

}  // namespace
}  // namespace ackwire::guarantees
