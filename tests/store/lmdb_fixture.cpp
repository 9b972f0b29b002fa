#include "lmdb_fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

namespace ackwire::store::testing {

Errc LmdbStoreTest::open(const LmdbOptions& options) { return open_at(directory_, options); }

Errc LmdbStoreTest::open_at(const std::filesystem::path& path, const LmdbOptions& options) {
  LmdbOptions quiet = options;
  quiet.on_warning = [this](std::string_view text) { warnings += text; };
  auto opened = open_lmdb(path, quiet);
  if (!opened) {
    refusal = opened.error().message;
    return opened.error().code;
  }
  refusal.clear();
  store_ = std::move(*opened);
  return Errc::ok;
}

Errc LmdbStoreTest::put(std::string_view key, std::string_view value, Table table) {
  auto transaction = store_->begin();
  Status done = transaction ? Status() : Status(transaction.error());
  if (transaction) {
    (*transaction)->put(table, key, value);
    done = (*transaction)->commit();
  }
  refusal = done ? "" : done.error().message;
  return done ? Errc::ok : done.error().code;
}

Errc LmdbStoreTest::erase(std::string_view key, Table table) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error().code;
  (*transaction)->erase(table, key);
  const Status done = (*transaction)->commit();
  refusal = done ? "" : done.error().message;
  return done ? Errc::ok : done.error().code;
}

std::string LmdbStoreTest::get(std::string_view key, Table table) {
  auto transaction = store_->begin();
  if (!transaction) return "(" + std::string(name(transaction.error().code)) + ")";
  const auto value = (*transaction)->get(table, key);
  return value ? std::string(*value) : "(none)";
}

void LmdbStoreTest::make_store(int commits) {
  ASSERT_EQ(open(), Errc::ok) << refusal;
  for (int i = 1; i <= commits; ++i) ASSERT_EQ(put("row " + std::to_string(i), "value " + std::to_string(i)), Errc::ok) << refusal;
  close();
}

std::string LmdbStoreTest::digest() const {
  std::map<std::string, std::string> files;
  std::error_code failed;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_, failed)) {
    const std::string name = entry.path().filename().string();
    if (name != "ackwire.lock" && name != "lock.mdb")
      files[entry.path().string()] = entry.is_regular_file() ? bytes_of(entry.path()) : "";
  }
  std::string all;
  for (const auto& [name, bytes] : files) all += name + ":" + std::to_string(bytes.size()) + ":" + bytes;
  return all;
}

std::string LmdbStoreTest::bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void LmdbStoreTest::overwrite(const std::filesystem::path& path, std::size_t offset, std::string_view bytes) {
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
  ASSERT_TRUE(
      out.seekp(static_cast<std::streamoff>(offset)).write(bytes.data(), static_cast<std::streamsize>(bytes.size())).good());
}

int in_child(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace ackwire::store::testing
