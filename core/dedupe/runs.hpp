// The sealed runs of one queue with the directory over them.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "dedupe/directory.hpp"
#include "dedupe/run.hpp"

namespace ackwire::dedupe {

class Runs {
 public:
  explicit Runs(std::uint32_t queue) : queue_(queue) {}

  /// Reads headers, then fills the directory from the rows.
  Status open(store::Transaction& transaction);
  /// A new run; its fingerprints come with insert(). Stays valid until erase().
  Run& make(std::uint32_t number);
  void insert(const Run& run, const KeyHash& key) { directory_.insert(Directory::fingerprint(key), run.tag); }
  void erase(Run& run);

  [[gnu::always_inline]] void prefetch(const KeyHash& key) const { directory_.prefetch(Directory::fingerprint(key)); }
  std::optional<DedupeEntry> find(store::Transaction& transaction, const KeyHash& key);
  /// The newest run that holds `key`; nullptr when none does.
  const Run* newest_holder(store::Transaction& transaction, const KeyHash& key);
  /// Deletes up to `rows` rows of a run marked as leaving; true when none is left. The header row is the caller's.
  bool drop_some(store::Transaction& transaction, const Run& run, std::size_t rows);

  /// Oldest first.
  std::list<Run>& list() { return runs_; }
  const std::list<Run>& list() const { return runs_; }
  /// Keys in the directory.
  std::uint64_t size() const { return directory_.size(); }
  const Directory& directory() const { return directory_; }
  /// The first damage met.
  const Status& status() const { return status_; }
  void set_damaged(std::uint32_t run, std::string_view what);

 private:
  Status load(store::Transaction& transaction, const Run& run);
  RunTag least_used_tag() const;

  std::uint32_t queue_;
  std::list<Run> runs_;
  std::array<std::vector<const Run*>, 256> tagged_;  // the runs behind a tag
  Directory directory_;
  Status status_;
};

}  // namespace ackwire::dedupe
