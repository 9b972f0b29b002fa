// Prints what look-ups and adds cost at 2 M keys. Figures of a shared machine are reported, not asserted.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "dedupe/turns.hpp"

namespace ackwire::dedupe {
namespace {

TEST(DedupeSpeed, TwoMillionKeysWithoutAStall) {
  using Clock = std::chrono::steady_clock;
  constexpr std::uint64_t keys = 2'000'000, per_turn = 1'000;
  Turns turns(8ull << 30);
  Clock::duration looking{}, writing{}, sealing{}, worst{};
  std::vector<KeyHash> batch(per_turn);
  for (std::uint64_t first = 1; first <= keys; first += per_turn) {
    for (std::uint64_t i = 0; i < per_turn; ++i) batch[i] = key_of(first + i);
    const auto start = Clock::now();
    turns.dedupe->prefetch(batch);
    for (std::uint64_t i = 0; i < per_turn; ++i) {
      ASSERT_FALSE(turns.find(batch[i]));
      turns.add(batch[i], first + i);
    }
    const auto looked = Clock::now();
    turns.write();
    const auto written = Clock::now();
    looking += looked - start;
    writing += written - looked;
    ASSERT_TRUE(turns.transaction->commit().ok());
    turns.transaction.reset();
    const auto committed = Clock::now();
    turns.begin();
    sealing += Clock::now() - committed;
    worst = std::max({worst, written - looked, Clock::now() - committed});
  }
  const auto ns = [](Clock::duration time) { return std::chrono::duration<double, std::nano>(time).count() / keys; };
  const auto ms = [](Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); };
  const auto before_open = Clock::now();
  turns.open();
  std::printf("2 M keys: find+add %.0f ns, write %.0f ns, seal %.0f ns a key; slowest slice %.2f ms; open %.0f ms\n", ns(looking),
              ns(writing), ns(sealing), ms(worst), ms(Clock::now() - before_open));
  EXPECT_EQ(turns.dedupe->size(), keys);
  EXPECT_EQ(turns.find(key_of(keys / 2))->sequence, keys / 2);
}

}  // namespace
}  // namespace ackwire::dedupe
