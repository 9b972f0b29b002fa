// The table itself, and the page made from it.
#include "rules/lifecycle.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "lifecycle/page.hpp"

namespace ackwire {
namespace {

using rules::Input;
using rules::State;

std::set<State> reachable(State from) {
  std::set<State> seen{from};
  for (std::size_t round = 0; round < rules::state_count; ++round) {
    for (State state : std::set<State>(seen)) {
      for (std::size_t input = 0; input < rules::input_count; ++input) {
        if (auto to = rules::next(state, static_cast<Input>(input))) seen.insert(*to);
      }
    }
  }
  return seen;
}

TEST(Lifecycle, FinalStatesAreNeverLeft) {
  for (State state : {State::acked, State::expired, State::discarded}) {
    EXPECT_TRUE(rules::is_final(state));
    EXPECT_EQ(reachable(state), std::set<State>{state}) << rules::name(state);
  }
}

TEST(Lifecycle, EveryStateIsReachedAndCanEnd) {
  EXPECT_EQ(reachable(State::none).size(), rules::state_count);
  for (std::size_t index = 0; index < rules::state_count; ++index) {
    auto ends = reachable(static_cast<State>(index));
    EXPECT_TRUE(ends.contains(State::acked) || ends.contains(State::expired) || ends.contains(State::discarded))
        << rules::name(static_cast<State>(index));
  }
}

TEST(Lifecycle, OnlyAPublishMakesAMessageAndNothingUnmakesIt) {
  for (std::size_t input = 0; input < rules::input_count; ++input) {
    bool publishes = static_cast<Input>(input) == Input::publish || static_cast<Input>(input) == Input::publish_delayed;
    EXPECT_EQ(rules::next(State::none, static_cast<Input>(input)).has_value(), publishes);
    for (std::size_t state = 0; state < rules::state_count; ++state) {
      EXPECT_NE(rules::next(static_cast<State>(state), static_cast<Input>(input)), State::none);
    }
  }
}

TEST(Lifecycle, AnAckNeedsALease) {
  for (std::size_t state = 0; state < rules::state_count; ++state) {
    EXPECT_EQ(rules::next(static_cast<State>(state), Input::ack).has_value(), static_cast<State>(state) == State::leased);
  }
}

TEST(Lifecycle, NamesAreDistinctAndMeaningsAreThere) {
  std::set<std::string_view> names;
  for (std::size_t state = 0; state < rules::state_count; ++state) names.insert(rules::name(static_cast<State>(state)));
  EXPECT_EQ(names.size(), rules::state_count);
  names.clear();
  for (std::size_t input = 0; input < rules::input_count; ++input) {
    names.insert(rules::name(static_cast<Input>(input)));
    EXPECT_FALSE(rules::meaning(static_cast<Input>(input)).empty());
  }
  EXPECT_EQ(names.size(), rules::input_count);
}

TEST(Lifecycle, ThePageIsTheTable) {
  std::ifstream file(ACKWIRE_SOURCE_DIR "/docs/lifecycle.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), lifecycle::page()) << "docs/lifecycle.md is not what the table says: run scripts/lifecycle";
}

}  // namespace
}  // namespace ackwire
