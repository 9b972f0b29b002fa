// Copies of a store, made while another process writes to it.
#include "store/store_copy.hpp"

#include <lmdb.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include "lmdb_fixture.hpp"

namespace ackwire::store::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t window = 100;  // blocks that the writer keeps

std::string key_of(std::uint64_t number) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

/// Commits as fast as it can: each commit changes two rows of two tables alike, adds a block and erases the oldest, and rewrites a
/// row that is kept in parts. Says by `ready` that it runs; ends when it is killed.
void write_for_ever(const std::filesystem::path& directory, int ready) {
  LmdbOptions options;
  options.map_bytes = 256 << 20;
  auto store = open_lmdb(directory, options);
  if (!store) ::_exit(3);
  const std::string body(20'000, 'b');
  std::uint64_t first = 1;
  {
    auto tx = (*store)->begin();
    if (!tx) ::_exit(4);
    if (const auto last = (*tx)->get(Table::state, "first")) first = std::stoull(std::string(*last)) + 1;
  }
  for (std::uint64_t i = first;; ++i) {
    auto tx = (*store)->begin();
    if (!tx) ::_exit(4);
    const std::string value = std::to_string(i);
    (*tx)->put(Table::state, "first", value);
    (*tx)->put(Table::blocks, key_of(i), value + body);
    if (i > window) (*tx)->erase(Table::blocks, key_of(i - window));
    (*tx)->put(Table::dead, "parts", std::string(100'000, static_cast<char>('a' + i % 26)) + value);
    (*tx)->put(Table::history, "last", value);
    if (!(*tx)->commit()) ::_exit(5);
    if (i == first + 2 * window && ::write(ready, "r", 1) != 1) ::_exit(6);
  }
}

class CopyTest : public LmdbStoreTest {
 protected:
  void TearDown() override {
    stop_writer();
    close();
  }
  void start_writer() {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    writer_ = ::fork();
    if (writer_ == 0) write_for_ever(directory(), ends[1]);
    ::close(ends[1]);
    char byte = 0;
    ASSERT_EQ(::read(ends[0], &byte, 1), 1) << "the writer did not come up";
    ::close(ends[0]);
  }
  void stop_writer() {
    if (writer_ <= 0) return;
    ::kill(writer_, SIGKILL);
    ::waitpid(std::exchange(writer_, -1), nullptr, 0);
  }
  /// The copy is the store after one commit: all that each commit changed alike is alike.
  void expect_one_commit(const std::filesystem::path& at, std::uint64_t* commit = nullptr) {
    LmdbOptions options;
    options.create = false;
    ASSERT_EQ(open_at(at, options), Errc::ok) << refusal;
    const std::string last = get("first");
    EXPECT_EQ(get("last", Table::history), last);
    const std::uint64_t i = std::stoull(last);
    EXPECT_EQ(get("parts", Table::dead), std::string(100'000, static_cast<char>('a' + i % 26)) + last);
    auto tx = store().begin();
    Row row;
    std::string from(1, '\0');
    std::uint64_t expected = i - window + 1;
    while ((*tx)->seek(Table::blocks, from, row)) {
      EXPECT_EQ(row.key, key_of(expected));
      EXPECT_EQ(row.value, std::to_string(expected) + std::string(20'000, 'b'));
      ++expected;
      from.assign(row.key);
      from.push_back('\0');
    }
    EXPECT_EQ(expected, i + 1);
    tx->reset();
    close();
    if (commit != nullptr) *commit = i;
  }
  std::filesystem::path to() const { return beside("copy"); }
  std::filesystem::path unfinished() const { return to().string() + unfinished_suffix; }

  pid_t writer_ = -1;
};

TEST_F(CopyTest, IsTheStoreAsOfOneCommitWhileAnotherProcessWrites) {
  start_writer();
  for (const std::uint64_t rate : {std::uint64_t{0}, std::uint64_t{8} << 20}) {
    const auto copied = copy_store(directory(), to(), rate);
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    EXPECT_GE(copied->passes, 2u);
    EXPECT_FALSE(std::filesystem::exists(unfinished()));
    expect_one_commit(to());
    std::filesystem::remove_all(to());
  }
}

TEST_F(CopyTest, HasTheSameIdentityAndRows) {
  make_store(20);
  const auto copied = copy_store(directory(), to(), 0);
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  ASSERT_EQ(open(), Errc::ok);
  const std::string id(store().id()), secret(store().secret());
  close();
  ASSERT_EQ(open_at(to()), Errc::ok) << refusal;
  EXPECT_EQ(store().id(), id);
  EXPECT_EQ(store().secret(), secret);
  EXPECT_EQ(put("more", "x"), Errc::ok);
}

// A read transaction that lasts keeps every page that is freed meanwhile, and the file grows.
TEST_F(CopyTest, ASlowCopyDoesNotMakeTheStoreGrow) {
  start_writer();
  const auto before = std::filesystem::file_size(file("data.mdb"));
  const auto began = std::chrono::steady_clock::now();
  const auto copied = copy_store(directory(), to(), 1 << 20);
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  EXPECT_GE(std::chrono::steady_clock::now() - began, 1s) << "it was slow enough to tell";
  EXPECT_LE(std::filesystem::file_size(file("data.mdb")), 3 * before);
}

TEST_F(CopyTest, OneThatWasKilledIsNoStoreAndGoesOnWhereItWas) {
  start_writer();
  const pid_t copier = ::fork();
  if (copier == 0) {
    static_cast<void>(copy_store(directory(), to(), 1 << 20));
    ::_exit(0);
  }
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::error_code none;
  while (std::filesystem::file_size(unfinished() / "data.mdb", none) < (1u << 20) || none) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(5ms);
  }
  ::kill(copier, SIGKILL);
  ::waitpid(copier, nullptr, 0);
  EXPECT_FALSE(std::filesystem::exists(to()));
  LmdbOptions options;
  options.create = false;
  EXPECT_EQ(open_at(unfinished(), options), Errc::store_invalid);
  close();
  const auto copied = copy_store(directory(), to(), 0);
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  expect_one_commit(to());
}

TEST_F(CopyTest, GoesOnAfterTheWriterWasKilledAndStartedAgain) {
  start_writer();
  stop_writer();
  const auto first = copy_store(directory(), to(), 0);
  ASSERT_TRUE(first.ok()) << first.error().message;
  expect_one_commit(to());
  std::filesystem::remove_all(to());
  start_writer();
  ASSERT_TRUE(copy_store(directory(), to(), 0).ok());
  expect_one_commit(to());
}

// Its read transaction is left in LMDB's table of readers, and would keep every page that is freed from then on.
TEST_F(CopyTest, OneThatWasKilledWhileItReadKeepsNoPagesForLong) {
  make_store();
  ASSERT_EQ(open(), Errc::ok);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    const bool reads = mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 16) == 0 &&
                       mdb_env_open(env, directory().c_str(), MDB_RDONLY, 0600) == 0 &&
                       mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0;
    if (!reads || ::write(ends[1], "r", 1) != 1) ::_exit(1);
    ::pause();
  }
  ::close(ends[1]);
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  ::close(ends[0]);
  ::kill(reader, SIGKILL);
  ::waitpid(reader, nullptr, 0);
  const std::string body(60'000, 'b');
  const auto churn = [&](std::chrono::milliseconds time, int commits) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (int i = 0; i < commits || std::chrono::steady_clock::now() < end; ++i) ASSERT_EQ(put("row", body), Errc::ok);
  };
  churn(1'500ms, 2);  // the store looks once a second
  const auto before = std::filesystem::file_size(file("data.mdb"));
  churn(0ms, 200);
  EXPECT_LE(std::filesystem::file_size(file("data.mdb")), before + 20 * body.size());
}

TEST_F(CopyTest, WritesOverNothing) {
  make_store();
  std::filesystem::create_directory(to());
  { std::ofstream(to() / "precious") << "mine"; }
  EXPECT_EQ(copy_store(directory(), to(), 0).error().code, Errc::invalid_argument);
  EXPECT_EQ(bytes_of(to() / "precious"), "mine");
  EXPECT_EQ(copy_store(directory(), to() / "precious", 0).error().code, Errc::invalid_argument);
  std::filesystem::remove(to() / "precious");
  EXPECT_TRUE(copy_store(directory(), to(), 0).ok()) << "an empty directory is a place";
  EXPECT_EQ(copy_store(directory(), to(), 0).error().code, Errc::invalid_argument);
}

TEST_F(CopyTest, DoesNotGoOnWithTheCopyOfAnotherStore) {
  make_store();
  ASSERT_TRUE(copy_store(directory(), to(), 0).ok());
  std::filesystem::rename(to(), unfinished());
  std::filesystem::remove_all(directory());
  make_store();
  const auto refused = copy_store(directory(), to(), 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::invalid_argument) << refused.error().message;
}

TEST_F(CopyTest, IsRefusedInTheProcessThatHasTheStoreOpenAndTheOtherWayRound) {
  make_store();
  ASSERT_EQ(open(), Errc::ok);
  EXPECT_EQ(copy_store(directory(), to(), 0).error().code, Errc::store_in_use);
  EXPECT_EQ(put("still", "works"), Errc::ok);
  close();
  EXPECT_EQ(copy_store(beside("nothing"), to(), 0).error().code, Errc::store_invalid);
  EXPECT_FALSE(std::filesystem::exists(unfinished()));
}

}  // namespace
}  // namespace ackwire::store::testing
