#include "store_under_test.hpp"

#include "store/lmdb_store.hpp"
#include "store/memory_store.hpp"
#include "support/scratch.hpp"

namespace ackwire::store::testing {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  Store& store() override { return *store_; }
  void reopen() override { store_->crash(); }  // what was committed is durable: a crash is a reopen

 private:
  std::unique_ptr<MemoryStore> store_ = MemoryStore::make(1);
};

class LmdbUnderTest final : public StoreUnderTest {
 public:
  Store& store() override {
    if (!store_) {
      LmdbOptions options;
      options.map_bytes = 1ull << 30;
      auto opened = open_lmdb(directory_.path() / "store", options);
      if (!opened) {
        ADD_FAILURE() << opened.error().message;
        std::abort();
      }
      store_ = std::move(*opened);
    }
    return *store_;
  }
  void reopen() override { store_.reset(); }

 private:
  test::Scratch directory_;
  std::unique_ptr<Store> store_;
};

}  // namespace

Kind memory_kind() {
  return {"memory", [] { return std::make_unique<MemoryUnderTest>(); }};
}

Kind lmdb_kind() {
  return {"lmdb", [] { return std::make_unique<LmdbUnderTest>(); }};
}

std::string pattern(std::size_t bytes, unsigned salt) {
  std::string out(bytes, '\0');
  std::uint64_t state = salt * 0x9e3779b97f4a7c15ull + bytes;
  for (char& byte : out) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    byte = static_cast<char>(state >> 56);
  }
  return out;
}

}  // namespace ackwire::store::testing
