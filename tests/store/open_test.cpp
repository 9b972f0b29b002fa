// What is refused at open, row by row of the bad-input list: the reason is named, and nothing is changed.
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>

#include "lmdb_fixture.hpp"
#include "store/filesystem_check.hpp"
#include "store/identity.hpp"
#include "store/lmdb_header.hpp"
#include "system_calls.hpp"

namespace ackwire::store::testing {
namespace {

class OpeningAStore : public LmdbStoreTest {
 protected:
  /// Opening is refused with `expected`, names all of `words`, and leaves every byte as it was.
  void expect_refused(Errc expected, std::initializer_list<const char*> words, const LmdbOptions& options = {}) {
    const std::string before = digest();
    EXPECT_EQ(name(open(options)), name(expected)) << refusal;
    for (const char* word : words) EXPECT_NE(refusal.find(word), std::string::npos) << word << " is not in: " << refusal;
    EXPECT_TRUE(digest() == before) << "something was changed";
    close();
  }
};

constexpr uid_t nobody = 65'534;

TEST_F(OpeningAStore, MakesAPrivateDirectoryAndKeepsWhatWasStored) {
  make_store();
  struct stat status {};
  ASSERT_EQ(::stat(directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  for (const char* name : {"data.mdb", "ackwire.store", "ackwire.lock", "witness", "lock.mdb"}) {
    ASSERT_EQ(::stat(file(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0077, 0u) << name;
  }
  ASSERT_EQ(open(), Errc::ok) << refusal;
  EXPECT_EQ(get("row 3"), "value 3");
}

TEST_F(OpeningAStore, B31_AMissingParentAFileAndAMissingStoreAreNamed) {
  EXPECT_EQ(open_at(beside("no/such/parent")), Errc::io);
  EXPECT_NE(refusal.find("no/such/parent"), std::string::npos) << refusal;
  ASSERT_TRUE(::close(::open(beside("plain").c_str(), O_CREAT | O_WRONLY, 0600)) == 0);
  EXPECT_EQ(open_at(beside("plain")), Errc::store_unsafe);
  EXPECT_NE(refusal.find("not a directory"), std::string::npos) << refusal;
  LmdbOptions existing;
  existing.create = false;
  EXPECT_EQ(open(existing), Errc::store_invalid);
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(OpeningAStore, B31_AWorldWritableDirectoryIsRefused) {
  make_store();
  ::chmod(directory().c_str(), 0777);
  expect_refused(Errc::store_unsafe, {directory().c_str(), "mode 0777", "chmod 0700"});
}

TEST_F(OpeningAStore, B31_SomebodyElsesDirectoryIsRefused) {
  if (::geteuid() == 0) {
    make_store();
    ASSERT_EQ(::chown(directory().c_str(), nobody, nobody), 0);
    expect_refused(Errc::store_unsafe, {"uid 65534", "chown"});
  } else {
    EXPECT_EQ(open_at("/"), Errc::store_unsafe);
    EXPECT_NE(refusal.find("uid 0"), std::string::npos) << refusal;
  }
}

TEST_F(OpeningAStore, B31_AReadOnlyDirectoryIsNamed) {
  std::filesystem::create_directory(directory());
  ::chmod(std::filesystem::path(directory()).parent_path().c_str(), 0755);
  ::chmod(directory().c_str(), 0500);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(directory().c_str(), nobody, nobody), 0);
  }
  const int ended = in_child([&] {
    if (::geteuid() == 0 && ::seteuid(nobody) != 0) return 1;
    return open() == Errc::io && refusal.find("ackwire.lock") != std::string::npos ? 0 : 2;
  });
  EXPECT_EQ(ended, 0);
  ::chmod(directory().c_str(), 0700);
}

TEST_F(OpeningAStore, B32_RemoteFileSystemsAreRefusedAndMemoryIsWarnedOf) {
  SystemCalls calls;
  for (const long magic : {0x6969L, 0x517bL, 0xff534d42L, 0xfe534d42L, 0x01021997L, 0x65735546L}) {
    calls.set_filesystem(magic);
    EXPECT_EQ(open(), Errc::store_unsafe) << magic;
    EXPECT_NE(refusal.find("unsafe_filesystem"), std::string::npos) << refusal;
    EXPECT_FALSE(std::filesystem::exists(file("ackwire.store")));
  }
  calls.set_filesystem(0x6969);
  LmdbOptions daring;
  daring.unsafe_filesystem = true;
  EXPECT_EQ(open(daring), Errc::ok) << refusal;
  EXPECT_NE(warnings.find("remote file system"), std::string::npos) << warnings;
  close();
  warnings.clear();
  calls.set_filesystem(0x01021994);
  EXPECT_EQ(open(), Errc::ok) << refusal;
  EXPECT_NE(warnings.find("in memory"), std::string::npos) << warnings;
  close();
  warnings.clear();
  calls.set_filesystem(0xef53);
  EXPECT_EQ(open(), Errc::ok) << refusal;
  EXPECT_EQ(warnings, "");
}

TEST_F(OpeningAStore, B33_L2_AnEmptiedOrMissingDataFileIsNeverMadeAnew) {
  make_store();
  std::filesystem::resize_file(file("data.mdb"), 0);
  expect_refused(Errc::store_emptied, {"data.mdb", "is empty", "another directory"});
  std::filesystem::remove(file("data.mdb"));
  expect_refused(Errc::store_emptied, {"data.mdb", "is missing"});
  EXPECT_FALSE(std::filesystem::exists(file("data.mdb")));
}

TEST_F(OpeningAStore, B34_LeftoversOfAnUnfinishedCreationAreRemoved) {
  make_store(0);
  std::filesystem::create_directory(file("creating"));
  std::filesystem::remove(file("ackwire.store"));
  ASSERT_EQ(open(), Errc::ok) << refusal;
  ASSERT_EQ(put("a", "1"), Errc::ok);
  close();
  EXPECT_FALSE(std::filesystem::exists(file("creating")));
  // A store that was written to is not a leftover, whatever lies beside it.
  std::filesystem::create_directory(file("creating"));
  std::filesystem::remove(file("ackwire.store"));
  expect_refused(Errc::store_invalid, {"data.mdb", "ackwire.store"});
}

TEST_F(OpeningAStore, B35_ACutDataFileIsRefusedWithTheOffset) {
  make_store();
  ASSERT_EQ(open(), Errc::ok);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(put("b" + std::to_string(i), pattern(60'000), Table::blocks), Errc::ok);
  close();
  const auto whole = std::filesystem::file_size(file("data.mdb"));
  for (const std::uintmax_t size : {whole - 1, whole - 4'096, whole / 2, std::uintmax_t{12'288}, std::uintmax_t{8'192},
                                    std::uintmax_t{8'191}, std::uintmax_t{4'096}, std::uintmax_t{100}, std::uintmax_t{1}}) {
    std::filesystem::resize_file(file("data.mdb"), size);
    expect_refused(Errc::store_invalid, {"data.mdb", "offset", "cut short"});
  }
}

TEST_F(OpeningAStore, B35_WrongMagicVersionPageSizeAndFlagsAreNamed) {
  using namespace std::string_literals;
  make_store();
  const std::string sound = bytes_of(file("data.mdb"));
  const struct {
    std::size_t offset;
    std::string bytes;
    const char* word;
  } rows[] = {{16, "\0\0\0\0"s, "magic"},         {4096 + 16, "XXXX"s, "magic"},  {20, "\2"s, "version"},
              {40, "\0\x08\0\0"s, "data.mdb"},    {40, "\0\0\0\0"s, "page size"}, {40, "\x01\x10\0\0"s, "page size"},
              {4096 + 40, "\0\x20\0\0"s, "meta"}, {10, "\0"s, "not marked"},      {136, "\xff\xff\xff\xff\xff"s, "cut short"}};
  for (const auto& row : rows) {
    overwrite(file("data.mdb"), row.offset, row.bytes);
    if (row.offset == 136) overwrite(file("data.mdb"), 4096 + 136, row.bytes);
    expect_refused(Errc::store_invalid, {"data.mdb", "offset", row.word});
    overwrite(file("data.mdb"), 0, sound.substr(0, 8'192));
  }
  EXPECT_EQ(open(), Errc::ok) << refusal;
}

void make_foreign_lmdb(const std::filesystem::path& directory) {
  std::filesystem::create_directory(directory);
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  MDB_val key{1, const_cast<char*>("k")}, value{1, const_cast<char*>("v")};
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_open(env, directory.c_str(), 0, 0600), 0);
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &table), 0);
    ASSERT_EQ(mdb_put(txn, table, &key, &value, 0), 0);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
  }
  mdb_env_close(env);
}

TEST_F(OpeningAStore, B35_TheDataOfAnotherProgramIsLeftAlone) {
  make_foreign_lmdb(directory());
  expect_refused(Errc::store_invalid, {"data.mdb", "another program"});
  EXPECT_FALSE(std::filesystem::exists(file("ackwire.lock"))) << "not even a lock file is made there";
}

TEST_F(OpeningAStore, B35_AnotherProgramsFileUnderOurMarkerIsRefused) {
  make_store();
  make_foreign_lmdb(beside("foreign"));
  std::filesystem::copy_file(beside("foreign") / "data.mdb", file("data.mdb"), std::filesystem::copy_options::overwrite_existing);
  expect_refused(Errc::store_invalid, {"data.mdb", "no table"});
}

TEST_F(OpeningAStore, B35_TheFileOfAnotherStoreIsRefused) {
  make_store(2);
  ASSERT_EQ(open_at(beside("other")), Errc::ok);
  for (int i = 0; i < 9; ++i) ASSERT_EQ(put("a", "1"), Errc::ok);
  close();
  std::filesystem::copy_file(beside("other") / "data.mdb", file("data.mdb"), std::filesystem::copy_options::overwrite_existing);
  expect_refused(Errc::store_invalid, {"data.mdb", "another store"});
}

TEST_F(OpeningAStore, B35_EveryDamagedByteOfTheMarkerIsSeen) {
  make_store();
  const std::string marker = bytes_of(file("ackwire.store"));
  ASSERT_EQ(marker.size(), 36u);
  for (std::size_t i = 0; i < marker.size(); ++i) {
    overwrite(file("ackwire.store"), i, std::string(1, static_cast<char>(marker[i] ^ 0x40)));
    expect_refused(i >= 8 && i < 12 ? Errc::store_version : Errc::store_invalid, {"ackwire.store"});
    overwrite(file("ackwire.store"), 0, marker);
  }
  for (const std::uintmax_t size : {35u, 12u, 11u, 0u}) {
    std::filesystem::resize_file(file("ackwire.store"), size);
    expect_refused(Errc::store_invalid, {"ackwire.store"});
  }
  std::filesystem::remove(file("ackwire.store"));
  expect_refused(Errc::store_invalid, {"data.mdb", "marker"});
}

TEST_F(OpeningAStore, B36_ANewerOrOlderFormatIsRefusedUntouched) {
  make_store();
  for (const std::uint32_t format : {0u, store_format + 1, 900u}) {
    ASSERT_TRUE(write_identity(file("ackwire.store"), {std::string(16, 'i'), format, 4096}).ok());
    expect_refused(Errc::store_version, {"ackwire.store", std::to_string(format).c_str(), format == 0 ? "wrote it" : "newer"});
  }
}

TEST_F(OpeningAStore, B38_I20_AnOlderCopyIsRefusedUnlessAccepted) {
  make_store(2);
  const std::string older = bytes_of(file("data.mdb"));
  make_store(5);
  overwrite(file("data.mdb"), 0, older);
  expect_refused(Errc::store_rollback, {"commit 3", "commit 8", "accept_rollback"});
  LmdbOptions accept;
  accept.accept_rollback = true;
  EXPECT_EQ(open(accept), Errc::ok) << refusal;
  EXPECT_EQ(get("row 2"), "value 2");
  EXPECT_EQ(get("row 3"), "(none)");
  close();
  EXPECT_EQ(open(), Errc::ok) << "accepted once and for all: " << refusal;
}

TEST_F(OpeningAStore, L1_ANewestMetaPageThatWasZeroedIsSeenAsRollback) {
  using namespace std::string_literals;
  make_store(4);  // commit 5: its meta page is page 1
  overwrite(file("data.mdb"), 4096 + 144, "\0\0\0\0\0\0\0\0"s);
  expect_refused(Errc::store_rollback, {"commit 4", "commit 5"});
}

TEST_F(OpeningAStore, I20_AMissingOrDamagedWitnessIsRefusedUnlessAccepted) {
  make_store();
  const std::string witness = bytes_of(file("witness"));
  ASSERT_EQ(witness.size(), 40u);
  for (std::size_t i = 0; i < 20; ++i) {
    overwrite(file("witness"), i, std::string(1, static_cast<char>(witness[i] ^ 1)));
    overwrite(file("witness"), 39 - i, std::string(1, static_cast<char>(witness[39 - i] ^ 1)));
    expect_refused(Errc::store_rollback, {"witness", "accept_rollback"});
    overwrite(file("witness"), 0, witness);
  }
  std::filesystem::resize_file(file("witness"), 3);
  expect_refused(Errc::store_rollback, {"witness", "cut short"});
  std::filesystem::remove(file("witness"));
  expect_refused(Errc::store_rollback, {"witness", "is missing"});
  LmdbOptions accept;
  accept.accept_rollback = true;
  EXPECT_EQ(open(accept), Errc::ok) << refusal;
  close();
  EXPECT_EQ(open(), Errc::ok) << refusal;
}

TEST_F(OpeningAStore, I20_ATornPlaceOfTheWitnessIsNoRollbackAndHidesNone) {
  make_store(2);
  const std::string older = bytes_of(file("data.mdb"));
  make_store(5);
  const std::string newer = bytes_of(file("data.mdb")), witness = bytes_of(file("witness"));
  for (std::size_t i = 0; i < witness.size(); ++i) {
    overwrite(file("witness"), 0, witness);
    overwrite(file("witness"), i, std::string(1, static_cast<char>(witness[i] ^ 1)));
    overwrite(file("data.mdb"), 0, older);
    expect_refused(Errc::store_rollback, {"commit 3", "accept_rollback"});
    overwrite(file("data.mdb"), 0, newer);
    ASSERT_EQ(open(), Errc::ok) << i << ": " << refusal;
    close();
  }
  // A store of the first release has one place; it gets the second with the next commits.
  overwrite(file("witness"), 0, witness);
  std::filesystem::resize_file(file("witness"), 20);
  ASSERT_EQ(open(), Errc::ok) << refusal;
  ASSERT_EQ(put("a", "1"), Errc::ok);
  ASSERT_EQ(put("a", "2"), Errc::ok);
  close();
  EXPECT_EQ(std::filesystem::file_size(file("witness")), 40u);
}

TEST_F(OpeningAStore, I20_WritesThatAreCutTearOnePlaceOfTheWitnessAtMost) {
  for (const int then : {0, ENOSPC, EIO}) {
    std::filesystem::remove_all(directory());
    make_store(2);
    const std::string older = bytes_of(file("data.mdb"));
    {
      SystemCalls calls;
      ASSERT_EQ(open(), Errc::ok) << refusal;
      for (int commit = 0; commit < 5; ++commit) {
        ASSERT_EQ(put("a", std::to_string(commit)), Errc::ok) << refusal;
        calls.cut_other_writes(7, then);  // every write of 20 bytes is cut, and with `then` never made whole
      }
      close();
    }
    ASSERT_EQ(open(), Errc::ok) << refusal;
    EXPECT_EQ(get("a"), "4");
    close();
    overwrite(file("data.mdb"), 0, older);
    expect_refused(Errc::store_rollback, {"commit 3"});
  }
}

TEST_F(OpeningAStore, I20_AWitnessThatLagsBehindIsNoAlarm) {
  make_store(2);
  const std::string lagging = bytes_of(file("witness"));
  make_store(5);
  overwrite(file("witness"), 0, lagging);
  EXPECT_EQ(open(), Errc::ok) << refusal;
}

TEST_F(OpeningAStore, S15_LinksPipesAndDirectoriesInPlaceOfFilesAreRefused) {
  for (const char* name : {"data.mdb", "ackwire.store", "ackwire.lock", "witness", "lock.mdb"}) {
    for (const int kind : {0, 1, 2}) {
      std::filesystem::remove_all(directory());
      make_store();
      std::filesystem::rename(file(name), beside("moved"));
      if (kind == 0) std::filesystem::create_symlink(beside("moved"), file(name));
      if (kind == 1) {
        ASSERT_EQ(::mkfifo(file(name).c_str(), 0600), 0);
      }
      if (kind == 2) std::filesystem::create_directory(file(name));
      const auto started = std::chrono::steady_clock::now();
      EXPECT_NE(open(), Errc::ok) << name << kind;
      EXPECT_NE(refusal.find(name), std::string::npos) << refusal;
      EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(2)) << "does not hang in a pipe";
    }
  }
}

TEST_F(OpeningAStore, ATailOfPagesThatWereNeverWrittenIsNotDamage) {
  make_store();
  int tails = 0;
  for (int round = 1; round <= 6; ++round) {
    ASSERT_EQ(open(), Errc::ok) << refusal;
    auto transaction = std::move(*store().begin());
    transaction->put(Table::state, "kept", std::to_string(round));
    for (int i = 0; i < 40 * round; ++i) transaction->put(Table::blocks, "b" + std::to_string(i), pattern(65'000));
    for (int i = 0; i < 40 * round; ++i) transaction->erase(Table::blocks, "b" + std::to_string(i));
    ASSERT_TRUE(transaction->commit().ok());
    transaction.reset();
    close();
    const auto header = check_data_file(file("data.mdb"));
    ASSERT_TRUE(header.ok()) << header.error().message;
    if (std::filesystem::file_size(file("data.mdb")) < (header->last_page + 1) * header->page_bytes) ++tails;
  }
  EXPECT_GE(tails, 2) << "LMDB leaves such tails";
  ASSERT_EQ(open(), Errc::ok) << refusal;
  EXPECT_EQ(get("kept"), "6");
}

TEST_F(OpeningAStore, OpeningIsQuick) {
  make_store();
  const auto started = std::chrono::steady_clock::now();
  ASSERT_EQ(open(), Errc::ok);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(300));
}

}  // namespace
}  // namespace ackwire::store::testing
