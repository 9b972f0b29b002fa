// Stores of other versions: an older one is upgraded when it is opened, in steps that can be cut anywhere; a newer one is refused
// untouched.
#include <lmdb.h>

#include <cstring>
#include <map>

#include "lmdb_fixture.hpp"
#include "store/file.hpp"
#include "store/identity.hpp"
#include "store/lmdb_compact.hpp"
#include "store/store_copy.hpp"
#include "store/table_list.hpp"
#include "support/format1.hpp"
#include "system_calls.hpp"

namespace ackwire::store::testing {
namespace {

constexpr std::uint64_t map_bytes = 64u << 20;

class AnOtherVersion : public LmdbStoreTest {
 protected:
  static LmdbOptions options(bool read_only = false) {
    LmdbOptions out;
    out.map_bytes = map_bytes;
    out.create = false;
    out.read_only = read_only;
    return out;
  }

  /// Every file, lock files too, with its name and the time of its last change.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory())) {
      all[entry.path().string()] = bytes_of(entry.path()) + std::to_string(entry.last_write_time().time_since_epoch().count());
    }
    return all;
  }

  void expect_refused_untouched(std::initializer_list<const char*> words) {
    const auto before = files();
    for (const bool read_only : {false, true}) {
      EXPECT_EQ(name(open(options(read_only))), name(Errc::store_version)) << refusal;
      for (const char* word : words) EXPECT_NE(refusal.find(word), std::string::npos) << word << " is not in: " << refusal;
    }
    EXPECT_FALSE(compact_lmdb(directory(), options()).ok());
    EXPECT_FALSE(copy_store(directory(), beside("copy"), 0).ok());
    EXPECT_TRUE(files() == before) << "something was changed";
  }

  /// All rows that the open store has.
  std::map<std::string, std::string> rows() {
    std::map<std::string, std::string> all;
    auto tx = std::move(*store().begin());
    for (std::size_t i = 0; i < table_count; ++i) {
      std::string at(1, '\0');
      Row row;
      while (tx->seek(static_cast<Table>(i), at, row)) {
        at.assign(row.key);
        all[std::to_string(i) + at] = row.value;
        at.push_back('\0');
      }
    }
    return all;
  }

  std::uint32_t format() const { return read_identity(file("ackwire.store"))->format; }

  /// Changes the table that describes the store, past the store.
  template <class Act>
  void in_about(Act act) const {
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi about = 0;
    ASSERT_EQ(mdb_env_create(&env), 0);
    ASSERT_EQ(mdb_env_set_maxdbs(env, 64), 0);
    ASSERT_EQ(mdb_env_open(env, directory().c_str(), MDB_NOTLS, 0600), 0);
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, "about", 0, &about), 0);
    act(txn, about);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
  }
  static void put_tables(MDB_txn* txn, MDB_dbi about, const std::vector<MadeTable>& tables) {
    std::string row = encode(tables);
    MDB_val key{6, const_cast<char*>("tables")}, value{row.size(), row.data()};
    ASSERT_EQ(mdb_put(txn, about, &key, &value, 0), 0);
  }
};

TEST_F(AnOtherVersion, AStoreOfFormat1IsUpgradedAndKeepsEveryRow) {
  test::unpack_format1(directory());
  ASSERT_EQ(open(options(true)), Errc::ok) << refusal;
  const auto before = rows();
  EXPECT_GT(before.size(), 1'000u);
  close();
  EXPECT_EQ(format(), 1u) << "it was only read";
  ASSERT_EQ(open(options()), Errc::ok) << refusal;
  EXPECT_TRUE(rows() == before);
  EXPECT_EQ(format(), store_format);
  EXPECT_EQ(put("new", "row", Table::bodies), Errc::ok);
  close();
  ASSERT_EQ(open(options()), Errc::ok) << refusal;
  EXPECT_EQ(get("new", Table::bodies), "row");
}

TEST_F(AnOtherVersion, AnEndAtAnyCallOfAnUpgradeLosesNothing) {
  test::unpack_format1(directory());
  ASSERT_EQ(open(options(true)), Errc::ok) << refusal;
  const auto before = rows();
  close();
  SystemCalls calls;
  int cuts = 0;
  for (int call = 1; call < 300; ++call) {
    std::filesystem::remove_all(directory());
    test::unpack_format1(directory());
    const int ended = in_child([&] {
      calls.exit_before(call);
      return open(options()) == Errc::ok ? 0 : 1;
    });
    if (ended == 0) break;
    ASSERT_EQ(ended, 42) << call;
    ++cuts;
    ASSERT_EQ(open(options()), Errc::ok) << "cut before call " << call << ": " << refusal;
    EXPECT_TRUE(rows() == before) << "cut before call " << call;
    EXPECT_EQ(format(), store_format);
    close();
  }
  EXPECT_GE(cuts, 6) << "pages, meta page, marker, its sync, its rename, the directory";
}

TEST_F(AnOtherVersion, AFailureAtAnyCallOfAnUpgradeLosesNothing) {
  test::unpack_format1(directory());
  ASSERT_EQ(open(options(true)), Errc::ok) << refusal;
  const auto before = rows();
  close();
  int failures = 0;
  for (int call = 1; call < 300; ++call) {
    std::filesystem::remove_all(directory());
    test::unpack_format1(directory());
    bool struck = false;
    {
      SystemCalls calls;
      calls.fail_call(call, EIO);
      failures += open(options()) == Errc::ok ? 0 : 1;
      struck = calls.struck();
      close();
    }
    if (!struck) break;
    ASSERT_EQ(open(options()), Errc::ok) << "call " << call << " failed: " << refusal;
    EXPECT_TRUE(rows() == before) << "call " << call << " failed";
    close();
  }
  EXPECT_GE(failures, 4);
}

TEST_F(AnOtherVersion, ANewerFormatIsRefusedToTheLastByte) {
  make_store();
  auto identity = *read_identity(file("ackwire.store"));
  identity.format = store_format + 1;
  ASSERT_TRUE(write_identity(file("ackwire.store"), identity).ok());
  expect_refused_untouched({"format 3", "newer program"});
  std::filesystem::remove(file("ackwire.lock"));
  std::filesystem::remove(file("lock.mdb"));
  expect_refused_untouched({"format 3"});
}

TEST_F(AnOtherVersion, WhatANewerVersionNeedsIsNamedWithTheVersion) {
  make_store();
  auto identity = *read_identity(file("ackwire.store"));
  identity.needs.push_back({"sealed-bodies", "7.2.0"});
  ASSERT_TRUE(write_identity(file("ackwire.store"), identity).ok());
  expect_refused_untouched({"\"sealed-bodies\"", "7.2.0", "Nothing was changed"});
}

TEST_F(AnOtherVersion, AMemberOfTheMarkerThatMayBePassedOverIsKept) {
  test::unpack_format1(directory());
  auto identity = *read_identity(file("ackwire.store"));
  identity.format = 2;
  identity.kept = std::string("\x09\x01\x2a", 3);  // number 9, one byte: 42
  ASSERT_TRUE(write_identity(file("ackwire.store"), identity).ok());
  ASSERT_EQ(open(options()), Errc::ok) << refusal;
  close();
  EXPECT_EQ(read_identity(file("ackwire.store"))->kept, identity.kept);
  ASSERT_TRUE(copy_store(directory(), beside("copy"), 0).ok());
  EXPECT_EQ(read_identity(beside("copy") / "ackwire.store")->kept, identity.kept);
  identity.kept[1] = static_cast<char>(0x81);  // required
  ASSERT_TRUE(write_identity(file("ackwire.store"), identity).ok());
  expect_refused_untouched({"member 9"});
}

TEST_F(AnOtherVersion, ATableThatIsListedAndMissingIsDamageAndOneThatIsNotListedIsMade) {
  make_store();
  close();
  std::vector<MadeTable> without;
  in_about([&](MDB_txn* txn, MDB_dbi about) {
    MDB_dbi bodies = 0;
    ASSERT_EQ(mdb_dbi_open(txn, "bodies", 0, &bodies), 0);
    ASSERT_EQ(mdb_drop(txn, bodies, 1), 0);
    MDB_val key{6, const_cast<char*>("tables")}, value{};
    ASSERT_EQ(mdb_get(txn, about, &key, &value), 0);
    const auto listed = *decode_tables({static_cast<const char*>(value.mv_data), value.mv_size});
    for (const MadeTable& made : listed) {
      if (made.name != "bodies") without.push_back(made);
    }
  });
  EXPECT_EQ(open(options()), Errc::store_invalid);
  EXPECT_NE(refusal.find("no table \"bodies\""), std::string::npos) << refusal;
  without.push_back({"of-a-newer-version", "9.0.0"});
  in_about([&](MDB_txn* txn, MDB_dbi about) {
    MDB_dbi newer = 0;
    ASSERT_EQ(mdb_dbi_open(txn, "of-a-newer-version", MDB_CREATE, &newer), 0);
    put_tables(txn, about, without);
  });
  ASSERT_EQ(open(options(true)), Errc::ok) << refusal;
  EXPECT_EQ(get("new", Table::bodies), "(none)");
  close();
  ASSERT_EQ(open(options()), Errc::ok) << refusal;
  EXPECT_EQ(put("new", "row", Table::bodies), Errc::ok);
  EXPECT_EQ(get("row 3"), "value 3");
  close();
  ASSERT_TRUE(compact_lmdb(directory(), options()).ok());
  in_about([](MDB_txn* txn, MDB_dbi about) {
    MDB_dbi newer = 0;
    EXPECT_EQ(mdb_dbi_open(txn, "of-a-newer-version", 0, &newer), 0) << "a table that this version does not know was lost";
    MDB_val key{6, const_cast<char*>("tables")}, value{};
    ASSERT_EQ(mdb_get(txn, about, &key, &value), 0);
    const auto listed = *decode_tables({static_cast<const char*>(value.mv_data), value.mv_size});
    EXPECT_TRUE(has_table(listed, "bodies"));
    EXPECT_TRUE(has_table(listed, "of-a-newer-version"));
  });
}

TEST_F(AnOtherVersion, ADamagedListOfTablesIsRefused) {
  make_store();
  close();
  in_about([](MDB_txn* txn, MDB_dbi about) {
    MDB_val key{6, const_cast<char*>("tables")}, value{3, const_cast<char*>("bad")};
    ASSERT_EQ(mdb_put(txn, about, &key, &value, 0), 0);
  });
  EXPECT_EQ(open(options()), Errc::store_invalid);
  EXPECT_NE(refusal.find("lists the tables"), std::string::npos) << refusal;
}

}  // namespace
}  // namespace ackwire::store::testing
