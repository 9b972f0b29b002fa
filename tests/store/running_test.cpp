// What happens while a store is open: full maps and disks, files that vanish, other processes, forks, kills, churn.
#include <fcntl.h>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "lmdb_fixture.hpp"
#include "store/lmdb_testing.hpp"

namespace ackwire::store::testing {
namespace {

class RunningStore : public LmdbStoreTest {};

TEST_F(RunningStore, B43_L3_AFullMapRefusesPutsAndCanBeEmptied) {
  LmdbOptions small;
  small.map_bytes = 4 << 20;
  ASSERT_EQ(open(small), Errc::ok);
  for (int life = 0; life < 3; ++life) {
    int stored = 0;
    Errc refused = Errc::ok;
    while ((refused = put("m" + std::to_string(stored), pattern(30'000), Table::blocks)) == Errc::ok) ASSERT_LT(++stored, 1'000);
    EXPECT_EQ(refused, Errc::store_full);
    EXPECT_NE(refusal.find("size limit"), std::string::npos) << refusal;
    EXPECT_GT(stored, 60);
    for (int i = 0; i < stored; ++i) ASSERT_EQ(erase("m" + std::to_string(i), Table::blocks), Errc::ok) << i << " " << refusal;
    EXPECT_EQ(get("m0", Table::blocks), "(none)");
  }
}

TEST_F(RunningStore, B43_ATransactionThatIsFullSaysSoAndStoresNothing) {
  LmdbOptions small;
  small.map_bytes = 2 << 20;
  ASSERT_EQ(open(small), Errc::ok);
  auto transaction = std::move(*store().begin());
  transaction->put(Table::state, "a", "1");
  for (int i = 0; i < 100 && transaction->status().ok(); ++i)
    transaction->put(Table::blocks, "b" + std::to_string(i), pattern(60'000));
  ASSERT_FALSE(transaction->status().ok());
  EXPECT_EQ(transaction->status().error().code, Errc::store_full);
  EXPECT_FALSE(transaction->get(Table::state, "a")) << "later calls do nothing";
  EXPECT_EQ(transaction->commit().error().code, Errc::store_full);
  transaction.reset();
  EXPECT_EQ(get("a"), "(none)");
  EXPECT_EQ(put("a", "2"), Errc::ok);
}

TEST_F(RunningStore, B41_TheFileSizeLimitOfTheProcessIsAFullDisk) {
  const int ended = in_child([&] {
    if (open() != Errc::ok) return 1;
    for (int i = 0; i < 10; ++i) {
      if (put("k" + std::to_string(i), pattern(20'000), Table::blocks) != Errc::ok) return 2;
    }
    close();
    const rlimit limit{1 << 20, 1 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0 || open() != Errc::ok) return 3;
    int stored = 0;
    while (stored < 100 && put("m" + std::to_string(stored), pattern(30'000), Table::blocks) == Errc::ok) ++stored;
    if (stored < 5 || stored == 100 || refusal.find("full") == std::string::npos) return 4;
    for (int i = 0; i < stored; ++i) {
      if (erase("m" + std::to_string(i), Table::blocks) != Errc::ok) return 5;
    }
    return put("m", pattern(30'000), Table::blocks) == Errc::ok ? 0 : 6;
  });
  EXPECT_EQ(ended, 0);
}

TEST_F(RunningStore, B39_AFileThatIsRemovedOrReplacedStopsTheStoreWithinSeconds) {
  const char* const names[] = {"ackwire.lock", "ackwire.store", "witness", "data.mdb"};
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < 8; ++i) {
    const std::filesystem::path where = beside(("s" + std::to_string(i)).c_str());
    auto opened = open_lmdb(where, {});
    ASSERT_TRUE(opened.ok());
    stores.push_back(std::move(*opened));
    const std::filesystem::path victim = where / names[i / 2];
    const std::string bytes = bytes_of(victim);
    std::filesystem::rename(victim, where / "taken away");
    if (i % 2 == 1) std::filesystem::copy_file(where / "taken away", victim);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  for (int i = 0; i < 8; ++i) {
    auto transaction = std::move(*stores[static_cast<std::size_t>(i)]->begin());
    transaction->put(Table::state, "a", "1");
    const Status done = transaction->commit();
    ASSERT_FALSE(done.ok()) << names[i / 2];
    EXPECT_EQ(done.error().code, Errc::failed);
    EXPECT_NE(done.error().message.find(names[i / 2]), std::string::npos) << done.error().message;
    EXPECT_NE(done.error().message.find(i % 2 == 1 ? "replaced" : "removed"), std::string::npos) << done.error().message;
    transaction.reset();
    EXPECT_FALSE(stores[static_cast<std::size_t>(i)]->begin().ok()) << "sticky";
  }
}

TEST_F(RunningStore, AProgramMayChangeItsDirectory) {
  const int ended = in_child([&] {
    if (::chdir(directory().parent_path().c_str()) != 0 || open_at("store") != Errc::ok) return 1;
    if (::chdir("/") != 0) return 2;
    std::this_thread::sleep_for(std::chrono::milliseconds(1'050));  // by now the files are looked at again
    return put("a", "1") == Errc::ok && store().usage().disk_free_bytes > 0 ? 0 : 3;
  });
  EXPECT_EQ(ended, 0);
}

TEST_F(RunningStore, B40_I21_ASecondOpenInThisProcessIsRefusedAtOnce) {
  ASSERT_EQ(open(), Errc::ok);
  std::filesystem::create_directory_symlink(directory(), beside("link"));
  for (const std::filesystem::path& path : {directory(), beside("link"), directory() / "." / ""}) {
    const auto started = std::chrono::steady_clock::now();
    auto second = open_lmdb(path, {});
    ASSERT_FALSE(second.ok()) << path;
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(100));
    EXPECT_EQ(second.error().code, Errc::store_in_use);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos) << second.error().message;
  }
  EXPECT_EQ(put("a", "1"), Errc::ok) << "the first is not disturbed: " << refusal;
  close();
  EXPECT_EQ(open(), Errc::ok) << refusal;
}

/// A process that opens the store, says so, and waits to be killed.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<bool()>& open) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      const char said = open() ? '1' : '0';
      if (::write(ends[1], &said, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    opened_ = ::read(ends[0], &said_, 1) == 1 && said_ == '1';
    ::close(ends[0]);
  }
  ~OtherProcess() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  bool opened() const { return opened_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  char said_ = 0;
  bool opened_ = false;
};

TEST_F(RunningStore, B40_B48_AnotherProcessIsNamedAndItsLockEndsWithIt) {
  make_store();
  OtherProcess other([&] { return open() == Errc::ok; });
  ASSERT_TRUE(other.opened());
  LmdbOptions offline;
  offline.read_only = true;
  for (const LmdbOptions& options : {LmdbOptions{}, offline}) {
    const auto started = std::chrono::steady_clock::now();
    EXPECT_EQ(open(options), Errc::store_in_use);
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(100));
    EXPECT_NE(refusal.find("process " + std::to_string(other.pid())), std::string::npos) << refusal;
  }
  other.kill();
  EXPECT_EQ(open(), Errc::ok) << "the lock of a dead process is taken over: " << refusal;
}

TEST_F(RunningStore, L8_AForkedChildCannotUseTheStoreAndDoesNotKeepItsLock) {
  ASSERT_EQ(open(), Errc::ok);
  auto transaction = std::move(*store().begin());
  transaction->put(Table::state, "a", "parent");
  OtherProcess child([&] {
    transaction->put(Table::state, "a", "child");
    const bool refused = !transaction->get(Table::state, "a") && transaction->commit().error().code == Errc::forked;
    transaction.reset();
    const bool begin_refused = put("a", "child") == Errc::forked;
    close();
    const bool parent_keeps_it = open() == Errc::store_in_use;
    return refused && begin_refused && parent_keeps_it;
  });
  EXPECT_TRUE(child.opened());
  EXPECT_TRUE(transaction->commit().ok());
  transaction.reset();
  EXPECT_EQ(get("a"), "parent");
  close();
  EXPECT_EQ(open(), Errc::ok) << "the child, still alive, holds nothing: " << refusal;
}

/// Row i % 40 holds i; "last" holds i: a committed prefix is told from anything else.
void write_until_killed(Store& store, int from, int out) {
  for (int i = from;; ++i) {
    auto transaction = std::move(*store.begin());
    transaction->put(Table::blocks, "row " + std::to_string(i % 40),
                     std::to_string(i) + ":" + pattern(static_cast<std::size_t>(i % 9) * 9'000));
    transaction->put(Table::state, "last", std::to_string(i));
    if (i % 10 == 0) transaction->put(Table::dead, "big", pattern(100'000, static_cast<unsigned>(i)));
    if (!transaction->commit().ok()) ::_exit(1);
    if (::write(out, &i, sizeof i) != sizeof i) ::_exit(1);
  }
}

TEST_F(RunningStore, I1_AKillAtAnyMomentLeavesExactlyACommittedPrefix) {
  make_store();
  std::mt19937 random(11);
  int last = 0, confirmed_in_all = 0;
  for (int round = 0; round < 25; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      if (open() != Errc::ok) ::_exit(1);
      write_until_killed(store(), last + 1, ends[1]);
    }
    ::close(ends[1]);
    int confirmed = last;
    ASSERT_EQ(::read(ends[0], &confirmed, sizeof confirmed), static_cast<ssize_t>(sizeof confirmed));
    ++confirmed_in_all;
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &confirmed, sizeof confirmed) == sizeof confirmed) ++confirmed_in_all;
    ::close(ends[0]);

    ASSERT_EQ(open(), Errc::ok) << refusal;
    const int stored = last == 0 && get("last") == "(none)" ? 0 : std::stoi(get("last"));
    ASSERT_GE(stored, confirmed) << "a confirmed commit is gone";
    ASSERT_LE(stored, confirmed + 1) << "something was stored that was not written";
    for (int i = std::max(1, stored - 39); i <= stored; ++i) {
      const std::string row = get("row " + std::to_string(i % 40), Table::blocks);
      ASSERT_TRUE(row == std::to_string(i) + ":" + pattern(static_cast<std::size_t>(i % 9) * 9'000))
          << "row " << i << " of " << stored;
    }
    if (stored >= 10) {
      EXPECT_TRUE(get("big", Table::dead) == pattern(100'000, static_cast<unsigned>(stored / 10 * 10)));
    }
    last = stored;
    close();
  }
  std::printf("kills=25 commits_confirmed=%d lost=0 torn=0\n", confirmed_in_all);
  EXPECT_GE(confirmed_in_all, 25);
}

TEST_F(RunningStore, L11_TheFileStaysSmallUnderChurnOfBlocks) {
  // Which pages are taken does not depend on syncs; without them the test takes seconds instead of minutes.
  auto opened = open_lmdb_wrongly(directory(), {}, MDB_NOSYNC);
  ASSERT_TRUE(opened.ok());
  const std::unique_ptr<Store> store = std::move(*opened);
  std::mt19937 random(3);
  std::vector<std::uint64_t> live;
  std::uint64_t next = 0;
  constexpr std::size_t live_blocks = 400, block = 65'519;
  const std::string bytes = pattern(block);
  const auto key = [](std::uint64_t sequence) {
    char text[24];
    std::snprintf(text, sizeof text, "q%020llu", static_cast<unsigned long long>(sequence));
    return std::string(text);
  };
  while (next < 8'000) {
    auto transaction = std::move(*store->begin());
    const unsigned mode = random() % 4;
    for (unsigned i = 0, count = 1 + random() % (mode == 0 ? 20 : 4); i < count; ++i) {
      transaction->put(Table::blocks, key(next), std::string_view(bytes).substr(0, mode == 1 ? 1 + random() % block : block));
      live.push_back(next++);
    }
    for (int i = 0; i < 10; ++i)
      transaction->put(Table::state, "counter " + std::to_string(i), pattern(100, static_cast<unsigned>(next)));
    while (live.size() > live_blocks) {  // mostly the older ones, out of order
      const std::size_t at = random() % (random() % 8 == 0 ? live.size() : 20);
      ASSERT_TRUE(transaction->erase(Table::blocks, key(live[at])));
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_TRUE(transaction->commit().ok());
  }
  const double ratio =
      static_cast<double>(std::filesystem::file_size(file("data.mdb"))) / static_cast<double>(store->usage().used_bytes);
  std::printf("blocks=%llu live=%zu file/used=%.2f\n", static_cast<unsigned long long>(next), live.size(), ratio);
  EXPECT_LE(ratio, 1.5);
}

TEST_F(RunningStore, ReadOnlyChangesNoFileAndRefusesPuts) {
  make_store();
  ASSERT_EQ(open(), Errc::ok);
  ASSERT_EQ(put("big", pattern(300'000), Table::dead), Errc::ok);
  close();
  LmdbOptions look;
  look.read_only = true;
  for (const bool keep_locks : {true, false}) {
    if (!keep_locks) std::filesystem::remove(file("ackwire.lock"));
    if (!keep_locks) std::filesystem::remove(file("lock.mdb"));
    const std::string before = digest();
    const std::string lock = keep_locks ? bytes_of(file("ackwire.lock")) + bytes_of(file("lock.mdb")) : "";
    ASSERT_EQ(open(look), Errc::ok) << refusal;
    EXPECT_EQ(get("row 1"), "value 1");
    EXPECT_TRUE(get("big", Table::dead) == pattern(300'000));
    auto transaction = std::move(*store().begin());
    Row row;
    EXPECT_TRUE(transaction->seek(Table::state, "row", row));
    EXPECT_TRUE(transaction->commit().ok()) << "clean";
    transaction.reset();
    transaction = std::move(*store().begin());
    transaction->put(Table::state, "a", "1");
    EXPECT_FALSE(transaction->commit().ok());
    transaction.reset();
    close();
    EXPECT_TRUE(digest() == before);
    EXPECT_EQ(std::filesystem::exists(file("ackwire.lock")), keep_locks);
    EXPECT_EQ(std::filesystem::exists(file("lock.mdb")), keep_locks);
    if (keep_locks) {
      EXPECT_TRUE(bytes_of(file("ackwire.lock")) + bytes_of(file("lock.mdb")) == lock);
    }
  }
  EXPECT_EQ(open_at(beside("nowhere"), look), Errc::store_invalid);
  EXPECT_FALSE(std::filesystem::exists(beside("nowhere")));
}

// The caller's checksum finds it. A row that is damaged may not be why another cannot be read or changed.
TEST_F(RunningStore, ADamagedValueIsGivenAsItLiesThereAndHindersNoOtherRow) {
  ASSERT_EQ(open(), Errc::ok);
  for (const char* key : {"long", "lead", "odd", "sound"}) ASSERT_EQ(put(key, pattern(200'000), Table::dead), Errc::ok);
  ASSERT_EQ(put("small", "a small value", Table::dead), Errc::ok);
  close();
  const std::string bytes = bytes_of(file("data.mdb"));
  const std::uint32_t size = 200'000;
  const std::string in_parts = std::string(1, '\1') + std::string(reinterpret_cast<const char*>(&size), 4);
  const auto value_of = [&](const std::string& key, const std::string& stored) {
    const std::size_t at = bytes.rfind(key + stored);
    EXPECT_NE(at, std::string::npos) << key;
    return at + key.size();
  };
  overwrite(file("data.mdb"), value_of("long", in_parts) + 1, std::string("\xff\xff\x7f\0", 4));  // more than its parts hold
  overwrite(file("data.mdb"), value_of("lead", in_parts), std::string(1, '\0'));
  overwrite(file("data.mdb"), value_of("odd", in_parts), std::string(1, '\3'));
  overwrite(file("data.mdb"), value_of("small", std::string("\0a small", 8)), std::string(1, '\1'));
  ASSERT_EQ(open(), Errc::ok);
  // What the leading byte and the size are about can be told from the rest.
  for (const char* key : {"long", "lead", "odd", "sound"}) EXPECT_TRUE(get(key, Table::dead) == pattern(200'000)) << key;
  EXPECT_EQ(get("small", Table::dead), "a small value");
  for (const char* key : {"long", "lead", "odd", "small"}) {
    EXPECT_EQ(erase(key, Table::dead), Errc::ok) << key;
    EXPECT_EQ(get(key, Table::dead), "(none)");
    EXPECT_EQ(put(key, "anew", Table::dead), Errc::ok) << key;
    EXPECT_EQ(get(key, Table::dead), "anew");
  }
  EXPECT_TRUE(get("sound", Table::dead) == pattern(200'000));
}

}  // namespace
}  // namespace ackwire::store::testing
