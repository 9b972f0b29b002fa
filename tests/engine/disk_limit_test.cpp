// The disk as a limit: what counts as room, who may use it, and what a refusal says.
#include "engine/broker_world.hpp"

namespace ackwire::test {
namespace {

constexpr std::uint64_t mib = 1 << 20;

/// The memory store with a disk of its own: what the file has, what is allocated behind it, what is free.
class StoreOnADisk : public store::MemoryStore {
 public:
  explicit StoreOnADisk(std::unique_ptr<store::MemoryStore> inner) : inner_(std::move(inner)) {}
  Result<std::unique_ptr<store::Transaction>> begin() override { return inner_->begin(); }
  store::Usage usage() const override {
    store::Usage all = inner_->usage();
    all.disk_free_bytes = disk.disk_free_bytes;
    all.file_bytes = disk.file_bytes;
    all.allocated_bytes = disk.allocated_bytes;
    all.reserve_bytes = disk.reserve_bytes;
    return all;
  }
  std::string_view id() const override { return inner_->id(); }
  std::string_view secret() const override { return inner_->secret(); }
  void fault_next_commit(store::CommitFault fault) override { inner_->fault_next_commit(fault); }
  void crash() override { inner_->crash(); }
  std::uint64_t digest() const override { return inner_->digest(); }
  bool damage(store::Table table, std::string_view key, std::size_t offset, std::uint8_t flip) override {
    return inner_->damage(table, key, offset, flip);
  }
  store::Usage disk;

 private:
  std::unique_ptr<store::MemoryStore> inner_;
};

class DiskLimit : public BrokerWorld {
 protected:
  DiskLimit() {
    auto made = std::make_unique<StoreOnADisk>(store::MemoryStore::make(1, 1u << 30));
    disk_ = &made->disk;
    disk_->reserve_bytes = 1 * mib;
    store_ = std::move(made);
    options_.disk_floor_bytes = 4 * mib;
  }
  /// The file, the whole reserve behind it, and what is free.
  void set_disk(std::uint64_t file, std::uint64_t free) {
    disk_->file_bytes = file;
    disk_->allocated_bytes = file + disk_->reserve_bytes;
    disk_->disk_free_bytes = free;
  }
  Error refusal(std::size_t bytes = 10'000) {
    const auto answer = publish(std::string(bytes, 'x'));
    return answer.ok() ? Error{Errc::ok, {}, {}, {}} : answer.error();
  }
  store::Usage* disk_ = nullptr;
};

TEST_F(DiskLimit, I17_FreePagesInTheFileAreRoomHoweverFullTheDiskIs) {
  make_queue();
  for (const std::uint64_t free : {std::uint64_t{0}, 1 * mib, 4 * mib}) {
    set_disk(53 * mib, free);
    EXPECT_EQ(refusal().code, Errc::ok) << free;
  }
}

TEST_F(DiskLimit, I17_ATurnTakesNoMoreThanWhatTheDiskHasAboveItsFloor) {
  make_queue();
  set_disk(0, 4 * mib + 500'000);
  disk_->allocated_bytes = disk_->reserve_bytes;
  std::size_t stored = 0;
  while (publish(std::string(10'000, 'x')).ok()) ASSERT_LT(++stored, 1'000u);
  EXPECT_GE(stored, 40u);
  EXPECT_LE(store_->usage().used_bytes, 520'000u);
  // One batch that would not fit is refused before it is stored, not after.
  set_disk(0, 4 * mib + store_->usage().used_bytes + 20'000);
  EXPECT_FALSE(publish(std::string(100'000, 'x')).ok());
  EXPECT_TRUE(publish(std::string(1'000, 'x')).ok());
}

TEST_F(DiskLimit, AnEmptyStoreBelowTheFloorSaysSoAndNotThatItIsFull) {
  make_queue();
  set_disk(100'000, 2 * mib);
  const Error error = refusal(200'000);
  EXPECT_EQ(error.code, Errc::overloaded);
  EXPECT_GT(error.retry_after.count(), 0);
  for (const char* word : {"2.0 MiB free", "disk_floor_bytes keeps 4.0 MiB", "Nothing was stored", "Free disk space, or lower"}) {
    EXPECT_NE(error.message.find(word), std::string::npos) << word << " is not in: " << error.message;
  }
  EXPECT_EQ(error.message.find("ettle"), std::string::npos) << "nothing is there to settle: " << error.message;
  EXPECT_EQ(error.message.find("soft"), std::string::npos) << error.message;
}

TEST_F(DiskLimit, AFullStoreOnAFullDiskSaysWhatFreesRoom) {
  make_queue();
  set_disk(1 * mib, 0);
  while (publish(std::string(10'000, 'x')).ok()) {
  }
  const Error error = refusal();
  for (const char* word : {"0 KiB free", "disk_floor_bytes", "are in use", "Settle or purge messages"}) {
    EXPECT_NE(error.message.find(word), std::string::npos) << word << " is not in: " << error.message;
  }
  EXPECT_EQ(error.message.find("store_bytes_limit"), std::string::npos) << error.message;
  EXPECT_TRUE(std::get<model::StatsPage>(ask(model::GetStats{})).stats.publishes_refused);
}

TEST_F(DiskLimit, TheMapIsNamedWhenTheMapIsTheLimit) {
  engine_.reset();
  store_ = store::MemoryStore::make(1, 1 * mib);
  start();
  make_queue();
  while (publish(std::string(10'000, 'x')).ok()) {
  }
  const Error error = refusal();
  for (const char* word : {"store_soft_limit of store_bytes_limit = 1.0 MiB", "raise store_bytes_limit"}) {
    EXPECT_NE(error.message.find(word), std::string::npos) << word << " is not in: " << error.message;
  }
  EXPECT_EQ(error.message.find("disk"), std::string::npos) << error.message;
}

TEST_F(DiskLimit, I17_AcksAndPurgesGoOnAndMakeRoom) {
  make_queue();
  set_disk(1 * mib, 0);
  std::size_t stored = 0;
  while (publish(std::string(10'000, 'x')).ok()) ++stored;
  ASSERT_EQ(subscribe(alice, 1'000).code, Errc::ok);
  std::size_t acked = 0;
  for (std::vector<Got> got = take(alice); !got.empty(); got = take(alice)) {
    for (const Got& one : got) ack(alice, one), ++acked;
  }
  EXPECT_EQ(acked, stored);
  EXPECT_EQ(refusal().code, Errc::ok);
  expect_conserved();
}

}  // namespace
}  // namespace ackwire::test
