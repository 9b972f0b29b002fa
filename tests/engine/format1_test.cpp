// A store of format 1 opens, every message in it is accounted for, and it drains: on the disk, and in memory with power cuts.
#include <sodium.h>

#include <map>
#include <set>

#include "broker_driver.hpp"
#include "engine/verify.hpp"
#include "rules/backoff.hpp"
#include "store/lmdb_store.hpp"
#include "store/memory_store.hpp"
#include "support/format1.hpp"
#include "support/scratch.hpp"

namespace ackwire::test {
namespace {

using store::Table;

constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;

std::string sha256(std::string_view bytes) {
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::string out(2 * sizeof hash + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), hash, sizeof hash);
  out.pop_back();
  return out;
}

/// Every row of `from` into an empty store.
void copy_rows(store::Store& from, store::Store& to) {
  auto read = std::move(*from.begin()), write = std::move(*to.begin());
  for (std::size_t i = 0; i < store::table_count; ++i) {
    const auto table = static_cast<Table>(i);
    std::string at(1, '\0');
    store::Row row;
    while (read->seek(table, at, row)) {
      at.assign(row.key);
      write->put(table, at, row.value);
      at.push_back('\0');
    }
  }
  ASSERT_TRUE(write->commit().ok());
}

std::size_t count_rows(store::Store& store, Table table, std::string_view prefix = {}) {
  auto tx = std::move(*store.begin());
  std::string at = prefix.empty() ? std::string(1, '\0') : std::string(prefix);
  store::Row row;
  std::size_t count = 0;
  for (; tx->seek(table, at, row) && row.key.starts_with(prefix); ++count) {
    at.assign(row.key);
    at.push_back('\0');
  }
  return count;
}

class Format1 : public ::testing::Test {
 protected:
  void SetUp() override { unpack_format1(directory()); }

  std::filesystem::path directory() const { return scratch_.path() / "store"; }
  std::unique_ptr<store::Store> open_disk(bool read_only = false) {
    store::LmdbOptions options;
    options.map_bytes = 64u << 20;
    options.create = false;
    options.read_only = read_only;
    auto opened = store::open_lmdb(directory(), options);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }

  /// What one group was given and acked.
  using Seen = std::map<std::pair<std::string, std::string>, std::map<std::uint64_t, std::string>>;

  /// Consumes and acks everything that comes in every group but those of paused queues.
  void drain(BrokerDriver& broker, Seen& seen) {
    for (const QueueInfo& queue : broker.queues()) {
      for (const GroupInfo& group : queue.groups) {
        for (const Consumed& message : broker.consume_all(queue.name, group.name)) {
          seen[{queue.name, group.name}][message.sequence] = sha256(message.body);
        }
      }
    }
  }

  void expect_dead(BrokerDriver& broker) {
    for (const auto& [queue, expected] : manifest_["queues"].items()) {
      for (const auto& [group, place] : expected["groups"].items()) {
        std::set<std::string> found;
        for (const DeadLetter& letter : broker.dead(queue, group)) {
          const std::string sequence = std::to_string(letter.sequence);
          ASSERT_TRUE(place["dead"].contains(sequence)) << queue << " " << sequence;
          found.insert(sequence);
          const auto& said = place["dead"][sequence];
          EXPECT_EQ(name(letter.reason), said["reason"].get<std::string>());
          EXPECT_EQ(letter.errors.size(), said["errors"].get<std::size_t>());
          if (letter.reason == DeadReason::damaged) continue;
          EXPECT_EQ(sha256(letter.body), expected["messages"][sequence]["sha256"].get<std::string>()) << queue << " " << sequence;
        }
        EXPECT_EQ(found.size(), place["dead"].size()) << queue;
      }
    }
  }

  /// Everything that was open came with the bytes that were published; what was dead and whole did after a redrive.
  void expect_accounted(const Seen& seen) {
    for (const auto& [queue, expected] : manifest_["queues"].items()) {
      for (const auto& [group, place] : expected["groups"].items()) {
        std::map<std::uint64_t, std::string> wanted;
        const auto want = [&](const std::string& sequence) {
          wanted[std::stoull(sequence)] = expected["messages"][sequence]["sha256"].template get<std::string>();
        };
        for (const auto& sequence : place["open"]) want(std::to_string(sequence.template get<std::uint64_t>()));
        for (const auto& [sequence, letter] : place["dead"].items()) {
          if (letter["reason"] != "damaged") want(sequence);
        }
        const auto found = seen.find({queue, group});
        EXPECT_EQ(wanted, found == seen.end() ? decltype(wanted){} : found->second) << queue << ", group " << group;
      }
    }
    EXPECT_EQ(seen.at({"staying", "default"}).size(), manifest_["staying"]["default"].get<std::size_t>());
  }

  /// All the way: what is ready, the dead letters, then what waits for 300 days.
  void drain_all(BrokerDriver& broker, Seen& seen) {
    broker.pass(hour_ms);
    broker.resume("paused");
    drain(broker, seen);
    for (const QueueInfo& queue : broker.queues()) broker.redrive(queue.name);
    drain(broker, seen);
    for (int i = 0; i < 31; ++i) broker.pass(10 * day_ms), broker.idle_until_quiet();
    drain(broker, seen);
  }

  void expect_empty(BrokerDriver& broker, store::Store& store) {
    broker.idle_until_quiet();
    EXPECT_EQ(broker.queues().size(), manifest_["queues"].size() + 1);
    for (const QueueInfo& queue : broker.queues()) {
      EXPECT_EQ(queue.depth, 0u) << queue.name;
      EXPECT_EQ(queue.groups.size(), queue.name == "blocks" ? 2u : 1u) << queue.name;
    }
    for (const Table table : {Table::blocks, Table::marks, Table::retry, Table::due}) EXPECT_EQ(count_rows(store, table), 0u);
    EXPECT_EQ(count_rows(store, Table::dead), 1u) << "the damaged one";
    EXPECT_EQ(count_rows(store, Table::bodies), 0u);
    const auto report = engine::verify(store);
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->problems, std::vector<std::string>{});
  }

  Scratch scratch_;
  nlohmann::json manifest_ = format1_manifest();
};

TEST_F(Format1, HoldsWhatItsPageSays) {
  auto disk = open_disk(true);
  ASSERT_NE(disk, nullptr);
  const auto report = engine::verify(*disk);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems, std::vector<std::string>{});
  EXPECT_EQ(report->queues, 9u);
  EXPECT_EQ(report->dead, 6u);
  EXPECT_GT(report->in_flight, 100u);
  EXPECT_GT(count_rows(*disk, Table::retry), report->delayed) << "rows of a queue and a group that are half removed";
  for (const Table table : {Table::blocks, Table::marks, Table::due, Table::dedupe, Table::history})
    EXPECT_GT(count_rows(*disk, table), 0u);
  EXPECT_EQ(count_rows(*disk, Table::bodies), 0u);
  EXPECT_GT(count_rows(*disk, Table::state, "P"), 0u) << "answers to producers";
}

TEST_F(Format1, OpensDrainsAndVerifies) {
  auto disk = open_disk();
  ASSERT_NE(disk, nullptr);
  Seen seen;
  {
    BrokerDriver broker(*disk);
    EXPECT_FALSE(broker.history().empty());
    expect_dead(broker);
    drain_all(broker, seen);
    expect_accounted(seen);
  }
  disk.reset();
  disk = open_disk();
  ASSERT_NE(disk, nullptr);
  BrokerDriver broker(*disk);
  expect_empty(broker, *disk);
}

TEST_F(Format1, KnowsItsKeys) {
  auto disk = open_disk();
  ASSERT_NE(disk, nullptr);
  BrokerDriver broker(*disk);
  Message message;
  const DeadLetter letter = broker.dead("failures", "default").at(0);
  const Header header{"kind", "fixture"};
  message.body = letter.body;
  message.headers = {&header, 1};
  message.idempotency_key = "fail-2";
  const Receipt receipt = broker.publish("failures", message);
  EXPECT_TRUE(receipt.duplicate);
  EXPECT_EQ(receipt.sequence, 3u);
}

TEST_F(Format1, LosesNothingToPowerCutsWhileItsRowsAreWrittenAnew) {
  auto disk = open_disk();
  ASSERT_NE(disk, nullptr);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto memory = store::MemoryStore::make(seed);
    copy_rows(*disk, *memory);
    Seen seen;
    rules::Random random(seed);
    BrokerDriver broker(*memory);
    broker.on_turn = [&] {
      if (random.unit() > 0.04) return false;
      memory->crash();
      return true;
    };
    drain_all(broker, seen);
    broker.on_turn = nullptr;
    for (int i = 0; i < 3; ++i) {  // what came back after the last power cut
      for (const QueueInfo& queue : broker.queues()) broker.redrive(queue.name);
      broker.pass(day_ms);
      drain(broker, seen);
    }
    expect_accounted(seen);
    expect_empty(broker, *memory);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ackwire::test
