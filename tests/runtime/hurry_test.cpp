// Who sent little and waits for the commit does not wait while another peer fills it.
#include "runtime/hurry.hpp"

#include <gtest/gtest.h>

namespace ackwire::test {
namespace {

using runtime::Hurry;
using runtime::Session;

constexpr std::size_t small = 300, large = 128 * 1024;

class HurryTest : public ::testing::Test {
 protected:
  HurryTest() {
    good_.id = model::SessionId{1}, flood_.id = model::SessionId{2};
    hurry_.begin();
  }
  void publishes(Session& session, std::size_t bytes) {
    hurry_.heard(session, bytes);
    hurry_.awaits(session);
  }

  Hurry hurry_;
  Session good_, flood_;
};

TEST_F(HurryTest, OneWithLittleBesideAFlood) {
  hurry_.heard(flood_, large);
  EXPECT_FALSE(hurry_.now()) << "nobody waits";
  publishes(good_, small);
  EXPECT_TRUE(hurry_.now());
  hurry_.begin();
  EXPECT_FALSE(hurry_.now()) << "that was another turn";
}

TEST_F(HurryTest, AFloodOfPublishesAsWell) {
  publishes(flood_, large);
  EXPECT_FALSE(hurry_.now()) << "it waits for itself";
  publishes(good_, small);
  publishes(flood_, large);
  EXPECT_TRUE(hurry_.now());
}

TEST_F(HurryTest, WhoSendsMuchHimselfDoesNotHurryOthers) {
  publishes(good_, small);
  hurry_.heard(flood_, large);
  ASSERT_TRUE(hurry_.now());
  publishes(good_, large);
  EXPECT_FALSE(hurry_.now());
}

TEST_F(HurryTest, TurnsWithLittleInThemGatherAsEver) {
  publishes(good_, small);
  hurry_.heard(flood_, 32 * small);
  EXPECT_FALSE(hurry_.now());
}

}  // namespace
}  // namespace ackwire::test
