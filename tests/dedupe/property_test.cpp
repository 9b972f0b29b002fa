// Random histories against a model: publish, settle out of blocks, delay, finish, restart, crash, change of window, passing time.
// The model knows when a key may be forgotten at the earliest; until then it must be found, with its sequence and body, and a key
// that was never published must never be found (guarantees I12 and I14).
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "dedupe/turns.hpp"

namespace ackwire::dedupe {
namespace {

struct ModelMessage {
  KeyHash key;
  std::uint64_t body = 0;
  Timestamp added{};
  std::optional<Timestamp> final_at;
  bool pinned = false;
  bool forgettable = false;  // at some write() it was final for a window: absent is allowed from then on
};

struct ModelState {
  std::map<std::uint64_t, ModelMessage> messages;    // by sequence, forgotten ones are erased
  std::map<std::uint64_t, std::uint64_t> by_number;  // key number -> newest sequence
  std::uint64_t next_sequence = 1, final_below = 1;
};

class History {
 public:
  History(std::uint64_t seed, std::uint64_t key_numbers, std::uint64_t publishes_per_turn)
      : random_(seed), key_numbers_(key_numbers), publishes_(publishes_per_turn) {
    turns_.window = minutes(1 + random_() % 20);
    bind_pinned();
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) one_step();
    finish();
  }

 private:
  static constexpr Duration minutes(std::uint64_t count) { return Duration(60'000 * count); }

  /// Some keys share the bits that the directory knows.
  KeyHash key(std::uint64_t number) const {
    KeyHash hash = key_of(number);
    if (number % 5 == 0) hash.high = key_of(number % 25).high;
    return hash;
  }

  void bind_pinned() {
    turns_.pinned = [this](std::uint64_t low, std::uint64_t high) {
      std::vector<DedupeEntry> list;
      for (auto at = state_.messages.lower_bound(low); at != state_.messages.end() && at->first <= high; ++at) {
        if (at->second.pinned) list.push_back({at->second.key, at->first, at->second.body});
      }
      return list;
    };
  }

  void one_step() {
    const ModelState before = state_;
    const std::uint64_t turns = 1 + random_() % 4;
    turns_.now += Duration(random_() % 3 == 0 ? random_() % (1 + turns_.window.count() / 2) : random_() % 2'000);
    publish();
    settle();
    turns_.final_below = state_.final_below;
    turns_.write();
    note_forgettable();
    switch (random_() % 12) {
      case 0:
        turns_.crash();
        state_ = before;  // forgettable marks too: the turn did not happen
        turns_.final_below = state_.final_below;
        break;
      case 1:
        turns_.commit();
        note_forgettable();
        turns_.open();
        break;
      case 2: turns_.window = minutes(random_() % 20); [[fallthrough]];
      default:
        for (std::uint64_t i = 0; i < turns; ++i) {
          turns_.commit();
          note_forgettable();
        }
    }
    check();
  }

  void publish() {
    for (std::uint64_t i = random_() % (publishes_ + 1); i > 0; --i) {
      const std::uint64_t number = random_() % key_numbers_;
      const auto found = turns_.find(key(number));
      expect_right(number, found);
      if (found) continue;
      const std::uint64_t sequence = state_.next_sequence++;
      state_.messages[sequence] = {key(number), random_(), turns_.now};
      state_.by_number[number] = sequence;
      turns_.add(key(number), sequence, state_.messages[sequence].body);
    }
  }

  void settle() {
    // Out of the blocks: final at once or pinned first.
    for (std::uint64_t left = random_() % (2 * publishes_); left > 0 && state_.final_below < state_.next_sequence; --left) {
      const auto at = state_.messages.find(state_.final_below++);
      if (at == state_.messages.end()) continue;
      at->second.pinned = random_() % 6 == 0;
      if (!at->second.pinned) at->second.final_at = turns_.now;
    }
    for (auto& [sequence, message] : state_.messages) {
      if (!message.pinned || random_() % 20 != 0) continue;
      message.pinned = false;
      message.final_at = turns_.now;
    }
  }

  void note_forgettable() {
    for (auto& [sequence, message] : state_.messages) {
      if (message.final_at && turns_.now >= std::max(message.added, *message.final_at) + turns_.window) message.forgettable = true;
    }
  }

  void expect_right(std::uint64_t number, const std::optional<DedupeEntry>& found) {
    const auto known = state_.by_number.find(number);
    if (found) {
      ASSERT_NE(known, state_.by_number.end()) << "found a key that was never published";
      ASSERT_EQ(found->sequence, known->second);
      ASSERT_EQ(found->body, state_.messages.at(known->second).body);
      ASSERT_EQ(found->key, key(number));
    } else if (known != state_.by_number.end()) {
      ASSERT_TRUE(state_.messages.at(known->second).forgettable) << "forgot sequence " << known->second << " too early";
    }
  }

  void check() {
    for (std::uint64_t number = 0; number < key_numbers_; ++number) {
      if (key_numbers_ < 1'000 || random_() % 64 == 0) expect_right(number, turns_.find(key(number)));
    }
    EXPECT_FALSE(turns_.find(key(key_numbers_ + random_() % 1'000)));
  }

  /// Everything becomes final: everything is forgotten, and no row stays behind.
  void finish() {
    for (auto& [sequence, message] : state_.messages) {
      message.pinned = false;
      if (!message.final_at) message.final_at = turns_.now;
    }
    turns_.final_below = state_.final_below = state_.next_sequence;
    for (int i = 0; i < 8; ++i) {
      turns_.now += std::max(turns_.window, minutes(1));
      turns_.settle();
    }
    EXPECT_EQ(turns_.dedupe->size(), 0u);
    EXPECT_EQ(turns_.rows(), 0u);
  }

  std::mt19937_64 random_;
  std::uint64_t key_numbers_, publishes_;
  Turns turns_;
  ModelState state_;
};

TEST(DedupeProperty, SmallQueuesAgreeWithTheModel) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    History(seed, 200, 20).run(150);
    if (testing::Test::HasFailure()) break;
  }
}

TEST(DedupeProperty, FullTablesAgreeWithTheModel) {
  const char* fewer = std::getenv("ACKWIRE_FULL_TABLES");  // the gate's sanitizers take a minute for each
  const std::uint64_t seeds = fewer ? std::strtoull(fewer, nullptr, 10) : 2;
  ASSERT_GT(seeds, 0u);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    History(seed, 40'000, 5'000).run(12);
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace ackwire::dedupe
