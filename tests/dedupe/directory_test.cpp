#include "dedupe/directory.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace ackwire::dedupe {
namespace {

using Model = std::multimap<std::uint64_t, RunTag>;

std::multimap<RunTag, int> tags_in(const Directory& directory, std::uint64_t fingerprint) {
  std::multimap<RunTag, int> tags;
  directory.find(fingerprint, [&](RunTag tag) { tags.emplace(tag, 0); });
  return tags;
}

void expect_same(const Directory& directory, const Model& model) {
  ASSERT_EQ(directory.size(), model.size());
  for (auto at = model.begin(); at != model.end(); at = model.upper_bound(at->first)) {
    std::multimap<RunTag, int> wanted;
    for (auto [i, end] = model.equal_range(at->first); i != end; ++i) wanted.emplace(i->second, 0);
    ASSERT_EQ(tags_in(directory, at->first), wanted) << at->first;
  }
}

/// Grows to `peak`, shrinks to nothing, with changes both ways all the time.
void run_history(std::uint64_t seed, std::size_t peak, const std::function<std::uint64_t(std::mt19937_64&)>& draw) {
  std::mt19937_64 random(seed);
  Directory directory;
  Model model;
  std::vector<std::pair<std::uint64_t, RunTag>> order;
  const auto insert = [&] {
    const std::uint64_t fingerprint = draw(random);
    const auto tag = static_cast<RunTag>(1 + random() % 255);
    directory.insert(fingerprint, tag);
    model.emplace(fingerprint, tag);
    order.emplace_back(fingerprint, tag);
  };
  const auto remove = [&] {
    std::swap(order[random() % order.size()], order.back());
    const auto [fingerprint, tag] = order.back();
    order.pop_back();
    directory.remove(fingerprint, tag);
    for (auto [i, end] = model.equal_range(fingerprint); i != end; ++i) {
      if (i->second != tag) continue;
      model.erase(i);
      break;
    }
  };
  while (model.size() < peak) {
    if (order.empty() || random() % 4 != 0) {
      insert();
    } else {
      remove();
    }
    if (random() % peak < 3) expect_same(directory, model);
  }
  expect_same(directory, model);
  while (!model.empty()) {
    if (random() % 4 != 0) {
      remove();
    } else {
      insert();
    }
    if (random() % peak < 3) expect_same(directory, model);
  }
  expect_same(directory, model);
}

TEST(DedupeDirectory, AgreesWithAModelWhileItGrowsAndShrinks) {
  run_history(1, 60'000, [](auto& random) { return random() >> (64 - Directory::fingerprint_bits); });
}

TEST(DedupeDirectory, AgreesWithAModelWhenFingerprintsCrowdInAFewBuckets) {
  run_history(2, 6'000, [](auto& random) { return (random() % 50) * 1'000'003 % (1ull << Directory::fingerprint_bits); });
  run_history(3, 6'000, [](auto& random) { return (1ull << Directory::fingerprint_bits) - 1 - random() % 40; });
}

TEST(DedupeDirectory, StaysTinyWhenItHoldsLittle) {
  Directory directory;
  for (std::uint64_t i = 0; i < 1'000; ++i) directory.insert(i << 20, 1);
  EXPECT_LE(directory.bytes(), 64u * 1024);
}

TEST(DedupeDirectory, HoldsALiveKeyInAtMostEightBytes) {
  std::mt19937_64 random(4);
  Directory directory;
  for (std::uint64_t i = 0; i < 400'000; ++i) directory.insert(random() >> (64 - Directory::fingerprint_bits), 1);
  EXPECT_LE(directory.bytes(), 400'000u * 9);
}

}  // namespace
}  // namespace ackwire::dedupe
