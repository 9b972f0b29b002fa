// What became of the latest settles of one consumer, so that a repeat is answered as the first was: after a reconnect or a restart
// of the broker as well, when the broker itself no longer knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "model/command.hpp"

namespace ackwire::client {

struct Outcome {
  model::SettleKind kind{};  // of a settle that was applied
  bool stale = false;        // the lease had ended: no settle of this token can be applied any more
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Not thread-safe: used with the gate held.
class Outcomes {
 public:
  /// Ranges that are kept; the oldest are forgotten. Neighbours with one outcome are one range.
  static constexpr std::size_t kept = 1'024;

  void add(std::uint64_t boot_epoch, const model::SettleRange& range, Outcome outcome);
  /// An answer: of `asked`, the ranges in `stale` were refused and the rest was applied.
  void answered(std::uint64_t boot_epoch, model::SettleKind kind, const std::vector<model::SettleRange>& asked,
                const std::vector<model::SettleRange>& stale);
  /// Nothing: the token was not settled here, or too long ago.
  std::optional<Outcome> find(std::uint64_t boot_epoch, std::uint64_t sequence, std::uint32_t delivery) const;

 private:
  struct Key {
    std::uint64_t boot_epoch = 0;
    std::uint32_t delivery = 0;
    std::uint64_t first = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Range {
    std::uint32_t count = 0;
    Outcome outcome;
  };
  std::map<Key, Range> ranges_;
  std::deque<Key> order_;  // by age, bounded by `kept`
};

}  // namespace ackwire::client
