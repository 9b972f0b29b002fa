// A store that is refused is left as it was: what the refusal says must be true of every damage, however it is found.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "face_fixture.hpp"

namespace ackwire::test {
namespace {

constexpr std::size_t page = 4096;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// One damage of a file of several pages: a page is lost, put in another's place or zeroed in part, bits are flipped in its head.
void damage(std::string& bytes, std::mt19937& random) {
  const std::size_t pages = bytes.size() / page;
  const std::size_t at = random() % pages * page;
  switch (random() % 6) {
    case 0: bytes.replace(at, page, page, '\0'); return;
    case 1: bytes.replace(at, page, bytes, random() % pages * page, page); return;
    case 2: bytes.replace(at, 16, 16, '\0'); return;
    case 3: bytes[at + random() % 64] ^= static_cast<char>(1u << random() % 8); return;
    case 4: bytes.replace(at + page / 2, page / 2, page / 2, '\0'); return;
    default: bytes.resize(bytes.size() - random() % (2 * page) - 1); return;
  }
}

class RefusedStore : public ::testing::Test {
 protected:
  /// A store with something in every table.
  void make() {
    BrokerOptions options;
    options.seed = 1;
    auto broker = Broker::open(directory(), options);
    ASSERT_TRUE(broker.ok()) << broker.error().message;
    QueuePolicy policy;
    policy.max_attempts = 2;
    ASSERT_TRUE(broker->create_queue("orders", policy).ok());
    for (int i = 0; i < 40; ++i) {
      const std::string body(static_cast<std::size_t>(i) * 300, 'x'), key = "key " + std::to_string(i);
      ASSERT_TRUE(broker->publish("orders", message(body, key)).ok());
    }
    auto consumer = broker->consume("orders");
    ASSERT_TRUE(consumer.ok());
    for (const Delivery& delivery : receive(*consumer, 20)) {
      const std::uint64_t kind = delivery.sequence() % 3;
      if (kind < 2) {
        ASSERT_TRUE((kind == 0 ? consumer->ack(delivery) : consumer->reject(delivery, "bad")).ok());
      }
    }
  }
  std::filesystem::path directory() const { return scratch_.path() / "store"; }
  std::filesystem::path data() const { return directory() / "data.mdb"; }

  enum Outcome { opened = 0, refused = 1, refused_and_changed = 2, not_said = 3 };
  /// In a process of its own, which a wild page pointer may kill.
  int open_damaged(const std::string& bytes) {
    const std::string witness = bytes_of(directory() / "witness"), marker = bytes_of(directory() / "ackwire.store");
    const pid_t child = ::fork();
    if (child == 0) {
      auto broker = Broker::open(directory(), {});
      if (broker.ok()) ::_exit(opened);
      const std::string& text = broker.error().message;
      const bool changed = bytes_of(data()) != bytes || bytes_of(directory() / "witness") != witness ||
                           bytes_of(directory() / "ackwire.store") != marker;
      // A start that was committed and then met damage says what is true of its turn; everything else changes nothing.
      const bool of_turn = text.find("nothing of this turn was stored") != std::string::npos ||
                           text.find("Nothing of the transaction was stored") != std::string::npos;
      const bool claims = text.find("othing was changed") != std::string::npos || text.find("not changed") != std::string::npos;
      if (changed && (claims || !of_turn)) {
        std::fprintf(stderr, "changed, but: %s\n", text.c_str());
        ::_exit(refused_and_changed);
      }
      const bool said = claims || of_turn;
      if (!said) std::fprintf(stderr, "not said: %s\n", text.c_str());
      ::_exit(said ? refused : not_said);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  Scratch scratch_;
};

TEST_F(RefusedStore, IsNotChangedWhateverIsWrongWithIt) {
  make();
  const std::string sound = bytes_of(data()), witness = bytes_of(directory() / "witness");
  std::map<int, int> outcomes;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    std::string bytes = sound;
    damage(bytes, random);
    write(data(), bytes);
    write(directory() / "witness", witness);
    const int outcome = open_damaged(bytes);
    ++outcomes[outcome];
    EXPECT_NE(outcome, refused_and_changed) << "seed " << seed;
    EXPECT_NE(outcome, not_said) << "seed " << seed;
  }
  EXPECT_GE(outcomes[refused], 1) << "some damages cannot be dealt with";
}

}  // namespace
}  // namespace ackwire::test
