// A store directory that tests open, damage and look at.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/lmdb_store.hpp"
#include "store_under_test.hpp"
#include "support/scratch.hpp"

namespace ackwire::store::testing {

class LmdbStoreTest : public ::testing::Test {
 protected:
  LmdbStoreTest() : directory_(temporary_.path() / "store") {}

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path file(const char* name) const { return directory_ / name; }
  /// Any path that is removed with the test.
  std::filesystem::path beside(const char* name) const { return temporary_.path() / name; }

  /// Errc::ok, or why it is refused; then `refusal` has the words.
  Errc open(const LmdbOptions& options = {});
  Errc open_at(const std::filesystem::path& path, const LmdbOptions& options = {});
  void close() { store_.reset(); }
  bool is_open() const { return store_ != nullptr; }
  Store& store() { return *store_; }

  /// One transaction with one row. Errc::ok, or why not.
  Errc put(std::string_view key, std::string_view value, Table table = Table::state);
  Errc erase(std::string_view key, Table table = Table::state);
  std::string get(std::string_view key, Table table = Table::state);
  /// A closed store with these many commits of one row each.
  void make_store(int commits = 3);

  /// Over the bytes and names of everything in the directory but the lock files.
  std::string digest() const;
  static std::string bytes_of(const std::filesystem::path& path);
  static void overwrite(const std::filesystem::path& path, std::size_t offset, std::string_view bytes);

  std::string refusal;
  std::string warnings;

 private:
  test::Scratch temporary_;
  const std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
};

/// Runs `act` in a forked process; its exit status, or -signal.
int in_child(const std::function<int()>& act);

}  // namespace ackwire::store::testing
