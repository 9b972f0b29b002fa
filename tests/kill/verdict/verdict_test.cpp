// The judge of the kill test sees what it is there to see.
#include "verdict.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "../../support/scratch.hpp"
#include "body.hpp"
#include "journal.hpp"

using namespace kill_test;

namespace {

class Verdicts : public testing::Test {
 protected:
  void happened(Entry::Kind kind, const std::string& name, std::uint64_t sequence = 0, std::uint64_t epoch = 1,
                std::uint64_t delivery = 1) {
    Journal(folder_ / "journal").add({kind, name, sequence, epoch, delivery});
  }
  void published(const std::string& name, std::uint64_t sequence) {
    happened(Entry::attempted, name);
    happened(Entry::confirmed, name, sequence, 0, 0);
  }
  Verdict verdict(const std::vector<Left>& left = {}) const { return judge(folder_, left); }

  ackwire::test::Scratch scratch_;
  const std::filesystem::path folder_ = scratch_.path();
};

}  // namespace

TEST_F(Verdicts, ACleanRunIsClean) {
  published("a", 1);
  happened(Entry::received, "a", 1);
  happened(Entry::received, "a", 1, 2, 2);
  happened(Entry::acked, "-", 1, 2, 2);
  published("b", 2);
  happened(Entry::attempted, "never stored");
  const Verdict seen = verdict({{"b", 2}});
  EXPECT_TRUE(seen.clean());
  EXPECT_EQ(seen.confirmed, 2u);
  EXPECT_EQ(seen.delivered, 1u);
  EXPECT_EQ(seen.redelivered, 1u);
  EXPECT_EQ(seen.left, 1u);
}

TEST_F(Verdicts, SeesALostMessage) {
  published("a", 1);
  EXPECT_EQ(verdict().lost, 1u);
  EXPECT_EQ(verdict({{"a", 1}}).lost, 0u);
}

TEST_F(Verdicts, SeesAPhantom) {
  happened(Entry::received, "nobody", 1);
  EXPECT_EQ(verdict().phantoms, 1u);
}

TEST_F(Verdicts, SeesDamage) {
  happened(Entry::damaged, "-", 1);
  EXPECT_EQ(verdict().damaged, 1u);
}

TEST_F(Verdicts, SeesASequenceWithTwoMessages) {
  published("a", 1);
  happened(Entry::received, "a", 1);
  published("b", 1);
  happened(Entry::received, "b", 1, 1, 2);
  EXPECT_EQ(verdict().reused, 2u) << "at its receipt and at its delivery";
}

TEST_F(Verdicts, SeesAMessageStoredTwice) {
  published("a", 1);
  happened(Entry::received, "a", 1);
  happened(Entry::received, "a", 2);
  EXPECT_EQ(verdict().stored_twice, 1u);
}

TEST_F(Verdicts, SeesADeliveryAfterItsAckInTheSameAndALaterBoot) {
  published("a", 1);
  happened(Entry::received, "a", 1, 1, 1);
  happened(Entry::acked, "-", 1, 1, 1);
  happened(Entry::received, "a", 1, 2, 1);
  published("b", 2);
  happened(Entry::acked, "-", 2, 1, 1);
  happened(Entry::received, "b", 2, 1, 2);
  EXPECT_EQ(verdict().resurrected, 2u);
}

TEST_F(Verdicts, SeesAnUnexpectedRefusal) {
  happened(Entry::refused, "key_conflict");
  EXPECT_EQ(verdict().refused, 1u);
}

TEST(Bodies, CarryTheirNameAndAreAlwaysTheSame) {
  EXPECT_EQ(body_of("p0.1-7"), body_of("p0.1-7"));
  EXPECT_EQ(name_in(body_of("p0.1-7")), "p0.1-7");
  EXPECT_NE(body_of("p0.1-7").substr(7), body_of("p0.1-8").substr(7));
}
