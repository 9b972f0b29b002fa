#include "store/lmdb_transaction.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ackwire::store {
namespace {

constexpr char whole = 0, in_parts = 1;
constexpr std::size_t in_parts_bytes = 5;  // of a row whose value is in parts
constexpr std::uint32_t parts_max = value_bytes_max / part_bytes + 1;
constexpr std::uint32_t missing_parts_max = 2;  // in a row, before no more are looked for: one may be lost by damage
// Values up to here lie in pages with other rows, which move when a row is put: a view of one is copied before it is put elsewhere.
constexpr std::size_t small_value_bytes = 2048;

std::size_t index_of(Table table) { return static_cast<std::size_t>(table); }
MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view view(const MDB_val& bytes) { return {static_cast<const char*>(bytes.mv_data), bytes.mv_size}; }

std::uint32_t parts_size(std::string_view stored) {
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, stored.data() + 1, sizeof bytes);
  return bytes;
}

/// The key of one part after the other.
class PartKey {
 public:
  PartKey(std::size_t table, std::string_view key) : size_(key.size() + 3) {
    bytes_[0] = static_cast<char>(table);
    key.copy(bytes_ + 1, key_bytes_max);
  }
  MDB_val number(std::uint32_t part) {
    bytes_[size_ - 2] = static_cast<char>(part >> 8);
    bytes_[size_ - 1] = static_cast<char>(part);
    return {size_, bytes_};
  }

 private:
  std::size_t size_;
  char bytes_[key_bytes_max + 3];
};

}  // namespace

/// A key that stays while pages move: callers may pass a view of a row.
struct LmdbTransaction::KeyCopy {
  explicit KeyCopy(std::string_view key) : size(key.size()) { key.copy(bytes, key_bytes_max); }
  std::string_view view() const { return {bytes, size}; }
  std::size_t size;
  char bytes[key_bytes_max];
};

LmdbTransaction::LmdbTransaction(LmdbEnvironment& environment, MDB_txn* txn) : environment_(environment), txn_(txn) {
  environment_.transaction_open_ = true;
  MDB_stat stat{};
  has_parts_ = mdb_stat(txn_, environment_.tables_[parts_table], &stat) != 0 || stat.ms_entries != 0;
}

LmdbTransaction::~LmdbTransaction() { abort(); }

std::optional<std::string_view> LmdbTransaction::get(Table table, std::string_view key) {
  if (!usable() || key.empty()) return std::nullopt;
  MDB_val at = val(key), stored{};
  if (!move(index_of(table), MDB_SET, at, stored)) return std::nullopt;
  const std::string_view value = decode(index_of(table), key, stored);
  if (error_) return std::nullopt;
  return value;
}

bool LmdbTransaction::seek(Table table, std::string_view key, Row& row) {
  if (!usable()) return false;
  MDB_val at = val(key), stored{};
  if (!move(index_of(table), key.empty() ? MDB_FIRST : MDB_SET_RANGE, at, stored)) return false;
  row.key = view(at);
  if (row.key < key) return out_of_order();
  row.value = decode(index_of(table), row.key, stored);
  return !error_;
}

bool LmdbTransaction::seek_back(Table table, std::string_view key, Row& row) {
  if (!usable() || key.empty()) return false;
  const std::size_t index = index_of(table);
  MDB_val at = val(key), stored{};
  if (!move(index, MDB_SET_RANGE, at, stored)) {
    if (error_ || !move(index, MDB_LAST, at, stored)) return false;
  } else if (view(at) != key && !move(index, MDB_PREV, at, stored)) {
    return false;
  }
  row.key = view(at);
  if (row.key > key) return out_of_order();
  row.value = decode(index, row.key, stored);
  return !error_;
}

// Pages that lie where others should. Whoever walks a table relies on its order to come to an end.
bool LmdbTransaction::out_of_order() {
  fail(MDB_CORRUPTED, "read a row (rows are out of order)");
  return false;
}

void LmdbTransaction::put(Table table, std::string_view key, std::string_view value) {
  if (!writable(key)) return;
  if (value.size() > value_bytes_max) {
    error_ = Error{Errc::internal, "A value is over 16 MiB. Nothing of the transaction was stored. This is a bug of the program."};
    return;
  }
  const std::size_t index = index_of(table);
  const KeyCopy name(key);
  char small[small_value_bytes];
  std::string copy;
  if (value.size() <= small_value_bytes) {
    value.copy(small, sizeof small);
    value = {small, value.size()};
  } else if (value.size() < environment_.page_bytes_ / 2) {
    copy = value;
    value = copy;
  }
  if ((has_parts_ || lent_big_) && clear_old(index, name.view(), value)) {
    copy = value;
    value = copy;
  }
  if (error_) return;
  changed_ = true;
  put_bytes_ += name.size + value.size();
  if (value.size() <= whole_value_bytes) {
    put_stored(index, name.view(), whole, value);
  } else {
    put_parts(index, name.view(), value);
  }
  assembled_.clear();
  lent_big_ = false;
}

bool LmdbTransaction::erase(Table table, std::string_view key) {
  if (!writable(key)) return false;
  const std::size_t index = index_of(table);
  const KeyCopy name(key);
  MDB_val at = val(name.view()), stored{};
  if (!move(index, MDB_SET, at, stored)) return false;
  const std::string_view bytes = view(stored);
  const bool parts = bytes.size() == in_parts_bytes && has_parts_;
  changed_ = true;
  if (const int code = mdb_cursor_del(cursors_[index], 0); code != 0) {
    fail(code, "erase a row");
    return false;
  }
  if (parts) erase_parts(index, name.view());
  assembled_.clear();
  lent_big_ = false;
  return !error_;
}

Status LmdbTransaction::status() const { return error_ ? Status(*error_) : Status(); }

Status LmdbTransaction::commit() {
  if (environment_.parts_.lock->forked())
    return Error{Errc::forked, "The process forked after the store was opened. Open it in the child."};
  if (txn_ == nullptr) return Error{Errc::internal, "The transaction has already ended."};
  if (error_) {
    abort();
    return *error_;
  }
  if (!changed_) {
    abort();
    return {};
  }
  if (Status same = environment_.check_files(); !same) {
    abort();
    return same;
  }
  const std::uint64_t pages = environment_.pages_in_use(txn_);
  const std::uint64_t commits = mdb_txn_id(txn_);
  environment_.transaction_open_ = false;
  return environment_.after_commit(environment_.commit_txn(std::exchange(txn_, nullptr)), commits, pages, put_bytes_);
}

bool LmdbTransaction::writable(std::string_view key) {
  if (!usable()) return false;
  if (environment_.parts_.read_only) {
    error_ = Error{Errc::internal, "The store is open for reading only. Nothing was stored."};
    return false;
  }
  if (!key.empty() && key.size() <= key_bytes_max) return true;
  error_ = Error{Errc::internal,
                 "A key is empty or over 255 bytes. Nothing of the transaction was stored. This is a bug of the program."};
  return false;
}

void LmdbTransaction::abort() {
  if (txn_ == nullptr || environment_.parts_.lock->forked()) return;  // in a child, LMDB's locks are the parent's: touch nothing
  if (environment_.parts_.read_only) {
    for (MDB_cursor* open : cursors_) mdb_cursor_close(open);  // a write transaction closes its cursors itself
  }
  mdb_txn_abort(std::exchange(txn_, nullptr));
  environment_.transaction_open_ = false;
  if (error_ && error_->code != Errc::store_full) environment_.fail(error_->message);
}

MDB_cursor* LmdbTransaction::cursor(std::size_t table) {
  if (environment_.tables_[table] == no_table) return nullptr;  // a store of an earlier version, which is only read
  if (cursors_[table] == nullptr) {
    if (const int code = mdb_cursor_open(txn_, environment_.tables_[table], &cursors_[table]); code != 0)
      fail(code, "open a cursor");
  }
  return cursors_[table];
}

bool LmdbTransaction::move(std::size_t table, MDB_cursor_op op, MDB_val& key, MDB_val& value) {
  MDB_cursor* const where = cursor(table);
  if (where == nullptr) return false;
  const int code = mdb_cursor_get(where, &key, &value, op);
  if (code != 0 && code != MDB_NOTFOUND) fail(code, "read a row");
  return code == 0;
}

// A damaged value is given as it lies there: whoever put it knows its checksum, and damage to one row is no damage to the others.
std::string_view LmdbTransaction::decode(std::size_t table, std::string_view key, const MDB_val& stored) {
  const std::string_view bytes = view(stored);
  if (bytes.empty()) return bytes;
  if (bytes.size() == in_parts_bytes && has_parts_) {
    if (const auto value = assemble(table, key, bytes)) return *value;
  }
  if (bytes.size() > small_value_bytes / 2) lent_big_ = true;
  return bytes.substr(1);
}

// Nothing when the row has no parts.
std::optional<std::string_view> LmdbTransaction::assemble(std::size_t table, std::string_view key, std::string_view stored) {
  const std::uint32_t said = parts_size(stored);
  const std::uint32_t said_parts = said > value_bytes_max ? 0 : (said + part_bytes - 1) / part_bytes;
  std::string value;
  value.reserve(std::min<std::size_t>(said, value_bytes_max));
  PartKey part_key(table, key);
  bool any = false;
  for (std::uint32_t number = 0; number < parts_max; ++number) {
    MDB_val at = part_key.number(number), part{};
    if (!move(parts_table, MDB_SET, at, part)) {
      if (error_ || number >= said_parts) break;
      continue;  // a part is lost; those behind it are shown all the same
    }
    any = true;
    value += view(part);
  }
  if (error_ || (!any && stored[0] != in_parts)) return std::nullopt;
  assembled_.push_back(std::move(value));
  return assembled_.back();
}

void LmdbTransaction::put_stored(std::size_t table, std::string_view key, char lead, std::string_view value) {
  MDB_cursor* const where = cursor(table);
  if (where == nullptr) return;
  MDB_val at = val(key), room{value.size() + 1, nullptr};
  if (const int code = mdb_cursor_put(where, &at, &room, MDB_RESERVE); code != 0) return fail(code, "put a row");
  char* const bytes = static_cast<char*>(room.mv_data);
  bytes[0] = lead;
  value.copy(bytes + 1, value.size());
}

void LmdbTransaction::put_parts(std::size_t table, std::string_view key, std::string_view value) {
  has_parts_ = true;
  PartKey part_key(table, key);
  MDB_cursor* const where = cursor(parts_table);
  std::uint32_t number = 0;
  for (std::string_view rest = value; !rest.empty() && where != nullptr && !error_; ++number) {
    const std::string_view part = rest.substr(0, part_bytes);
    MDB_val at = part_key.number(number), bytes = val(part);
    if (const int code = mdb_cursor_put(where, &at, &bytes, 0); code != 0) return fail(code, "put a part of a value");
    rest.remove_prefix(part.size());
  }
  const std::uint32_t size = static_cast<std::uint32_t>(value.size());
  if (!error_) put_stored(table, key, in_parts, {reinterpret_cast<const char*>(&size), sizeof size});
}

// All that there are, whatever the row says.
void LmdbTransaction::erase_parts(std::size_t table, std::string_view key) {
  PartKey part_key(table, key);
  for (std::uint32_t number = 0, missing = 0; number < parts_max && missing < missing_parts_max && !error_; ++number) {
    MDB_val at = part_key.number(number), part{};
    if (!move(parts_table, MDB_SET, at, part)) {
      ++missing;
      continue;
    }
    if (const int code = mdb_cursor_del(cursors_[parts_table], 0); code != 0) fail(code, "erase a part of a value");
  }
}

bool LmdbTransaction::clear_old(std::size_t table, std::string_view key, std::string_view value) {
  MDB_val at = val(key), stored{};
  if (!move(table, MDB_SET, at, stored)) return false;
  const std::string_view old = view(stored);
  if (old.size() == in_parts_bytes && has_parts_) {
    erase_parts(table, key);
    return false;  // what is put is at most a copy that `assembled_` holds
  }
  return value.data() >= old.data() && value.data() < old.data() + old.size();
}

void LmdbTransaction::fail(int code, std::string_view what) {
  if (error_) return;
  if (code == MDB_MAP_FULL || code == MDB_TXN_FULL) {
    error_ = environment_.full(code == MDB_MAP_FULL ? "The store has reached its size limit" : "The transaction is too big");
    return;
  }
  error_ = Error{code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND ? Errc::store_damaged : Errc::failed,
                 "Cannot " + std::string(what) + " in " + (environment_.parts_.directory / "data.mdb").string() + ": " +
                     mdb_strerror(code) + " (" + std::to_string(code) +
                     "). Nothing of the transaction was stored; what was confirmed before is. Stop, and look "
                     "at the store with verify."};
}

}  // namespace ackwire::store
