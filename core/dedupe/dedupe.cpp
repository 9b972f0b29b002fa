#include "dedupe/dedupe.hpp"

#include <algorithm>

#include "dedupe/forget.hpp"
#include "dedupe/log.hpp"
#include "dedupe/runs.hpp"
#include "dedupe/seal.hpp"
#include "store/scan.hpp"

namespace ackwire::dedupe {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// A table is full at a sixteenth of the live keys, so that about sixteen runs cover a window.
constexpr std::uint64_t full_min = 16'000, full_max = 150'000, tables_per_window = 16;
// A slow queue's table is sealed by age, so that its keys can leave too.
constexpr int ages_per_window = 8;
constexpr Duration age_min = seconds(1), age_min_unsettled = minutes(10);
// Keys sealed or dropped in one turn: at least two rows, and enough to be done at half the adds that fill the next table.
constexpr std::size_t slice_min = 2 * dedupe::run_row_entries, slice_per_add = 2;
// prefetch() beyond this would drive its own lines out of the cache again.
constexpr std::size_t prefetch_max = 2'048;

}  // namespace

struct Dedupe::State {
  explicit State(std::uint32_t queue_id)
      : queue(queue_id), runs(queue_id), seal(queue_id, runs), forget(queue_id, runs), active(std::make_unique<LoggedTable>(1)) {}

  Status open_log(store::Transaction& transaction);
  void open_tables(std::vector<std::unique_ptr<LoggedTable>> tables);
  std::uint64_t full() const { return std::clamp(size() / tables_per_window, full_min, full_max); }
  std::uint64_t size() const {
    return active->keys.size() + (seal.table() ? seal.table()->keys.size() - seal.written() : 0) + runs.size();
  }
  std::optional<DedupeEntry> find_in_tables(const KeyHash& key) const;
  /// When the active table is to be sealed though it is not full. Requires: it is not empty.
  Timestamp sealed_by_age() const;
  void seal_when_due(Timestamp now);
  void add(const DedupeEntry& entry) {
    active->add(entry);
    added.push_back(entry);
  }

  std::uint32_t queue;
  dedupe::Runs runs;
  dedupe::Seal seal;
  dedupe::Forget forget;
  std::unique_ptr<LoggedTable> active;
  std::vector<DedupeEntry> added;  // in this turn
  Duration window{0};              // of the last write()
  std::uint64_t final_below = 0;   // the same
  std::size_t slice = slice_min;   // keys to seal or drop in one turn
  std::string scratch;
};

Dedupe::Dedupe(std::uint32_t queue_id) : state_(std::make_unique<State>(queue_id)) {}
Dedupe::~Dedupe() = default;

Status Dedupe::open(store::Transaction& transaction) {
  if (Status status = state_->runs.open(transaction); !status.ok()) return status;
  return state_->open_log(transaction);
}

Status Dedupe::State::open_log(store::Transaction& transaction) {
  const RowKey prefix(queue, RowKind::log);
  std::vector<std::unique_ptr<LoggedTable>> tables;
  std::uint32_t sealed = 0, trim_from = 0, trim_to = 0;
  store::Row row;
  for (store::Scan scan(transaction, store::Table::dedupe, prefix); scan.next(row);) {
    const std::uint32_t table = dedupe::key_number(row.key, dedupe::table_offset);
    const std::uint32_t number = dedupe::key_number(row.key, dedupe::log_row_offset);
    const bool has_run = std::any_of(runs.list().begin(), runs.list().end(), [&](const auto& run) { return run.number == table; });
    if (has_run) {
      if (sealed != table) trim_from = number;
      sealed = table;
      trim_to = number + 1;
      continue;
    }
    if (tables.empty() || tables.back()->number != table) tables.push_back(std::make_unique<LoggedTable>(table));
    if (number != tables.back()->rows) return dedupe::damaged(queue, RowKind::log, table, "rows are missing");
    if (!dedupe::load_log_row(*tables.back(), number, row.value)) {
      return dedupe::damaged(queue, RowKind::log, table, "a row fails its checksum");
    }
  }
  if (tables.size() > 2 || (trim_to != 0 && tables.size() > 1)) {
    return dedupe::damaged(queue, RowKind::log, tables.front()->number, "its run is missing");
  }
  if (trim_to != 0) seal.resume_trim(sealed, trim_from, trim_to);
  open_tables(std::move(tables));
  return {};
}

void Dedupe::State::open_tables(std::vector<std::unique_ptr<LoggedTable>> tables) {
  std::uint32_t last = 0;
  for (const auto& run : runs.list()) last = std::max(last, run.number);
  for (const auto& table : tables) last = std::max(last, table->number);
  if (tables.size() == 2) seal.start(std::move(tables.front()));
  active = tables.empty() ? std::make_unique<LoggedTable>(last + 1) : std::move(tables.back());
}

void Dedupe::prefetch(std::span<const KeyHash> keys) const {
  const State& state = *state_;
  const LoggedTable* sealing = state.seal.table();
  for (const KeyHash& key : keys.first(std::min(keys.size(), prefetch_max))) {
    state.active->keys.prefetch(key, true);
    if (sealing) sealing->keys.prefetch(key, false);
    state.runs.prefetch(key);
  }
}

std::optional<DedupeEntry> Dedupe::State::find_in_tables(const KeyHash& key) const {
  if (auto found = active->keys.find(key)) return found;
  return seal.table() ? seal.table()->keys.find(key) : std::nullopt;
}

std::optional<DedupeEntry> Dedupe::find(store::Transaction& transaction, const KeyHash& key) {
  if (auto found = state_->find_in_tables(key)) return found;
  return state_->runs.find(transaction, key);
}

void Dedupe::add(const DedupeEntry& entry) { state_->add(entry); }

void Dedupe::write(store::Transaction& transaction, Timestamp now, Duration window, std::uint64_t final_below,
                   const std::function<std::vector<DedupeEntry>(std::uint64_t lo, std::uint64_t hi)>& pinned) {
  State& state = *state_;
  state.window = window;
  state.final_below = final_below;
  state.forget.scan(transaction, now, window, final_below, pinned, [&](const DedupeEntry& entry) {
    // What a table in memory holds was added after the run that is scanned, and will be scanned with its own run.
    if (state.find_in_tables(entry.key)) return false;
    state.add(entry);
    return true;
  });
  state.slice = std::max(slice_min, slice_per_add * state.added.size());
  if (!state.added.empty()) {
    dedupe::append_log(transaction, state.queue, *state.active, state.added, now, state.scratch);
    state.added.clear();
  }
  state.seal_when_due(now);
  state.forget.drop(transaction, now, window, state.seal.trimmed(), state.slice / dedupe::run_row_entries);
}

void Dedupe::seal_some(store::Transaction& transaction) { state_->seal.advance(transaction, state_->slice); }

Timestamp Dedupe::State::sealed_by_age() const {
  const bool settled = active->sequences.highest() < final_below;
  const Duration age = settled ? std::max(window / ages_per_window, age_min) : std::max(window, age_min_unsettled);
  return active->oldest + age;
}

void Dedupe::State::seal_when_due(Timestamp now) {
  if (seal.under_way() || active->keys.empty()) return;
  const bool is_full = active->keys.size() >= full();
  if (!is_full && now < sealed_by_age()) return;
  const std::uint32_t next = active->number + 1;
  // A table that filled up is followed by one that will: its memory comes at once instead of by rehashing.
  auto following = std::make_unique<LoggedTable>(next, is_full ? full() : 0);
  seal.start(std::exchange(active, std::move(following)));
}

bool Dedupe::erase_some(store::Transaction& transaction, std::size_t rows) {
  const RowKey prefix(state_->queue);
  store::Row row;
  for (; rows > 0; --rows) {
    if (!transaction.seek(store::Table::dedupe, prefix, row) || !row.key.starts_with(prefix)) {
      state_ = std::make_unique<State>(state_->queue);
      return true;
    }
    transaction.erase(store::Table::dedupe, std::string(row.key));
  }
  return false;
}

std::uint64_t Dedupe::size() const { return state_->size(); }

bool Dedupe::busy() const { return state_->seal.under_way() || state_->forget.under_way(); }

std::optional<Timestamp> Dedupe::next_due() const {
  std::optional<Timestamp> next = state_->forget.next_due(state_->window, state_->final_below);
  if (!state_->active->keys.empty()) next = std::min(next.value_or(Timestamp::max()), state_->sealed_by_age());
  return next;
}

const Status& Dedupe::status() const { return state_->runs.status(); }

}  // namespace ackwire::dedupe
