#include "store/memory_store.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define ACKWIRE_CHECK_VIEWS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ACKWIRE_CHECK_VIEWS 1
#endif
#endif

namespace ackwire::store {
namespace {

using Rows = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t max_key_bytes = 255;
constexpr std::size_t max_value_bytes = 16ull << 20;
constexpr std::uint64_t row_overhead_bytes = 16;
constexpr std::uint64_t simulated_disk_free_bytes = 1ull << 40;

std::uint64_t row_bytes(std::size_t key, std::size_t value) { return key + value + row_overhead_bytes; }

/// How to take one change back. `row` is the row as it was; empty = the row was not there.
struct Undo {
  Table table;
  std::string key;  // only when `row` is empty
  Rows::node_type row;
};

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

std::uint64_t add_bytes(std::uint64_t hash, std::string_view bytes) {
  hash = mix(hash ^ bytes.size());
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  return mix(hash);
}

std::string random_bytes(std::uint64_t seed) {
  std::string out;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    const std::uint64_t word = mix(seed + i * 0x9e3779b97f4a7c15ull);
    out.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return out;
}

/// The simulated disk: what is visible, and how to get back to what is durable.
struct Disk {
  std::array<Rows, table_count> tables;
  std::uint64_t used_bytes = 0;
  std::uint64_t limit_bytes = 0;
  std::vector<Undo> open_changes;  // of the open transaction, oldest first
  std::vector<Undo> not_durable;   // of lying commits, oldest first
  CommitFault next_fault = CommitFault::none;
  bool failed = false;
  bool transaction_open = false;
  std::uint64_t crashes = 0;  // a transaction of an earlier life may not touch the tables any more

  Rows& rows(Table table) { return tables[static_cast<std::size_t>(table)]; }

  void take_back(std::vector<Undo>& undo) {
    for (auto change = undo.rbegin(); change != undo.rend(); ++change) {
      Rows& where = rows(change->table);
      const std::string_view key = change->row.empty() ? std::string_view(change->key) : std::string_view(change->row.key());
      if (const auto now = where.find(key); now != where.end()) {
        used_bytes -= row_bytes(now->first.size(), now->second.size());
        where.erase(now);
      }
      if (!change->row.empty()) {
        used_bytes += row_bytes(change->row.key().size(), change->row.mapped().size());
        where.insert(std::move(change->row));
      }
    }
    undo.clear();
  }
};

Error failed_before() {
  return {Errc::failed, "An earlier commit of this store failed. Confirmed changes are safe. Close the store and open it again."};
}

/// Changes the visible rows at once and keeps how to undo them.
class MemoryTransaction final : public Transaction {
 public:
  explicit MemoryTransaction(std::shared_ptr<Disk> disk) : disk_(std::move(disk)), life_(disk_->crashes) {
    disk_->transaction_open = true;
  }
  ~MemoryTransaction() override {
    if (!alive() || ended_) return;
    disk_->take_back(disk_->open_changes);
    disk_->transaction_open = false;
    if (error_ && error_->code != Errc::store_full) disk_->failed = true;
  }

  std::optional<std::string_view> get(Table table, std::string_view key) override {
    if (!usable()) return std::nullopt;
    Rows& rows = disk_->rows(table);
    const auto row = rows.find(key);
    if (row == rows.end()) return std::nullopt;
    return lend(row->second);
  }

  void put(Table table, std::string_view key, std::string_view value) override {
    if (!writable(key)) return;
    if (value.size() > max_value_bytes) return fail({Errc::internal, "A value is over 16 MiB. Nothing was stored."});
    std::string bytes(value);  // the value may be a view of the row that is replaced
    Rows& rows = disk_->rows(table);
    const auto old = rows.lower_bound(key);
    const bool replaces = old != rows.end() && old->first == key;
    const std::uint64_t freed = replaces ? row_bytes(old->first.size(), old->second.size()) : 0;
    const std::uint64_t needed = row_bytes(key.size(), bytes.size());
    if (disk_->used_bytes - freed + needed > disk_->limit_bytes && needed > freed) {
      return fail({Errc::store_full, "The store is full. Nothing was stored. Settle or discard messages, or raise its limit."});
    }
    disk_->used_bytes = disk_->used_bytes - freed + needed;
    std::string name(key);
    revoke_views();
    if (replaces) {
      const auto next = std::next(old);
      disk_->open_changes.push_back({table, {}, rows.extract(old)});
      rows.emplace_hint(next, std::move(name), std::move(bytes));
    } else {
      rows.emplace_hint(old, name, std::move(bytes));
      disk_->open_changes.push_back({table, std::move(name), {}});
    }
  }

  bool erase(Table table, std::string_view key) override {
    if (!writable(key)) return false;
    Rows& rows = disk_->rows(table);
    const auto row = rows.find(key);
    if (row == rows.end()) return false;
    disk_->used_bytes -= row_bytes(row->first.size(), row->second.size());
    revoke_views();
    disk_->open_changes.push_back({table, {}, rows.extract(row)});
    return true;
  }

  bool seek(Table table, std::string_view key, Row& row) override {
    if (!usable()) return false;
    Rows& rows = disk_->rows(table);
    const auto found = rows.lower_bound(key);
    if (found == rows.end()) return false;
    row = {lend(found->first), lend(found->second)};
    return true;
  }

  bool seek_back(Table table, std::string_view key, Row& row) override {
    if (!usable()) return false;
    Rows& rows = disk_->rows(table);
    auto found = rows.upper_bound(key);
    if (found == rows.begin()) return false;
    --found;
    row = {lend(found->first), lend(found->second)};
    return true;
  }

  Status status() const override { return error_ ? Status(*error_) : Status(); }

  Status commit() override {
    if (!alive()) return failed_before();
    if (ended_) return Error{Errc::internal, "The transaction has already ended."};
    ended_ = true;
    disk_->transaction_open = false;
    revoke_views();
    if (error_) {
      if (error_->code != Errc::store_full) disk_->failed = true;
      disk_->take_back(disk_->open_changes);
      return *error_;
    }
    if (disk_->open_changes.empty()) return {};
    return commit_with(std::exchange(disk_->next_fault, CommitFault::none));
  }

 private:
  bool alive() const { return life_ == disk_->crashes; }
  bool usable() const { return alive() && !ended_ && !error_; }

  bool writable(std::string_view key) {
    if (!usable()) return false;
    if (!key.empty() && key.size() <= max_key_bytes) return true;
    fail({Errc::internal, "A key is empty or over 255 bytes. Nothing was stored."});
    return false;
  }

  void fail(Error error) { error_ = std::move(error); }

  Status commit_with(CommitFault fault) {
    switch (fault) {
      case CommitFault::none:
        disk_->open_changes.clear();
        disk_->not_durable.clear();  // a sync is a sync for everything before it
        return {};
      case CommitFault::lying:
        for (Undo& change : disk_->open_changes) disk_->not_durable.push_back(std::move(change));
        disk_->open_changes.clear();
        return {};
      case CommitFault::full:
        disk_->take_back(disk_->open_changes);
        return Error{Errc::store_full, "The simulated disk is full. Nothing was stored."};
      case CommitFault::error_lost:
        disk_->take_back(disk_->open_changes);
        disk_->failed = true;
        return Error{Errc::failed, "The simulated disk failed in a commit. Open the store again."};
      case CommitFault::error_stored:
        disk_->open_changes.clear();
        disk_->not_durable.clear();
        disk_->failed = true;
        return Error{Errc::failed, "The simulated disk failed in a commit. Open the store again."};
    }
    return Error{Errc::internal, "Unknown fault."};
  }

#ifdef ACKWIRE_CHECK_VIEWS
  // Hands out copies that die at the next change, so that the sanitizer sees a view that is used for too long. Over LMDB
  // such a view would silently read another row.
  std::string_view lend(std::string_view bytes) {
    lent_.push_back(std::make_unique<char[]>(bytes.size()));
    bytes.copy(lent_.back().get(), bytes.size());
    return {lent_.back().get(), bytes.size()};
  }
  void revoke_views() { lent_.clear(); }
  std::vector<std::unique_ptr<char[]>> lent_;
#else
  static std::string_view lend(std::string_view bytes) { return bytes; }
  static void revoke_views() {}
#endif

  std::shared_ptr<Disk> disk_;
  const std::uint64_t life_;
  std::optional<Error> error_;
  bool ended_ = false;
};

class MemoryStoreOverDisk final : public MemoryStore {
 public:
  MemoryStoreOverDisk(std::uint64_t seed, std::uint64_t limit_bytes)
      : disk_(std::make_shared<Disk>()), id_(random_bytes(seed)), secret_(random_bytes(~seed)) {
    disk_->limit_bytes = limit_bytes;
  }

  Result<std::unique_ptr<Transaction>> begin() override {
    if (disk_->failed) return failed_before();
    if (disk_->transaction_open) return Error{Errc::internal, "A transaction is already open on this store."};
    return std::unique_ptr<Transaction>(std::make_unique<MemoryTransaction>(disk_));
  }

  Usage usage() const override { return {disk_->used_bytes, disk_->limit_bytes, simulated_disk_free_bytes}; }
  std::string_view id() const override { return id_; }
  std::string_view secret() const override { return secret_; }

  void fault_next_commit(CommitFault fault) override { disk_->next_fault = fault; }

  void crash() override {
    disk_->take_back(disk_->open_changes);
    disk_->take_back(disk_->not_durable);
    disk_->failed = false;
    disk_->transaction_open = false;
    disk_->next_fault = CommitFault::none;
    ++disk_->crashes;
  }

  std::uint64_t digest() const override {
    std::uint64_t hash = 0;
    for (std::size_t table = 0; table < table_count; ++table) {
      hash = mix(hash ^ (table + 1));
      for (const auto& [key, value] : disk_->tables[table]) hash = add_bytes(add_bytes(hash, key), value);
    }
    return hash;
  }

  bool damage(Table table, std::string_view key, std::size_t offset, std::uint8_t flip) override {
    Rows& rows = disk_->rows(table);
    const auto row = rows.find(key);
    if (row == rows.end() || offset >= row->second.size()) return false;
    row->second[offset] = static_cast<char>(row->second[offset] ^ flip);
    return true;
  }

 private:
  std::shared_ptr<Disk> disk_;
  const std::string id_;
  const std::string secret_;
};

}  // namespace

std::unique_ptr<MemoryStore> MemoryStore::make(std::uint64_t seed, std::uint64_t limit_bytes) {
  return std::make_unique<MemoryStoreOverDisk>(seed, limit_bytes);
}

}  // namespace ackwire::store
