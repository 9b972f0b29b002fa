// What a settle would reach: its ranges cut into parts that are leased in a block, leased with a row of their own, or stale. Looks
// only, so that several acts can be checked before the first of them changes anything.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/consumers.hpp"
#include "engine/group/group.hpp"

namespace ackwire::engine {

/// Consecutive sequences that are found in one place.
struct SettlePart {
  enum class Place : std::uint8_t { block, retry, nowhere } place = Place::nowhere;
  WindowBlock* block = nullptr;
  model::SettleRange range;
};

class SettlePlan {
 public:
  /// `any_token`: a planted bug.
  SettlePlan(Group& group, const Subscription& subscription, bool any_token)
      : group_(group), holder_(subscription.index), any_token_(any_token) {}

  /// Costs no more than what the group has in work, however long the range is.
  void add(const model::SettleRange& range);
  const std::vector<SettlePart>& parts() const { return parts_; }
  /// Whether every message named is leased to this consumer under this token.
  bool is_current() const;

  bool mine(std::uint32_t holder) const {
    if (holder == holder_) return true;
    return any_token_ && holder != Slot::settled && holder != Slot::waiting;
  }
  bool mine(std::uint64_t sequence, std::uint32_t delivery) const;

 private:
  std::uint64_t held_until(const WindowBlock& block, std::uint64_t sequence, std::uint64_t stop) const;
  std::uint64_t stale_until(const WindowBlock* block, std::uint64_t sequence, std::uint64_t end, std::uint32_t delivery) const;
  void put(SettlePart::Place place, WindowBlock* block, std::uint64_t first, std::uint64_t end, std::uint32_t delivery) {
    parts_.push_back({place, block, {first, static_cast<std::uint32_t>(end - first), delivery}});
  }

  Group& group_;
  const std::uint32_t holder_;
  const bool any_token_;
  std::vector<SettlePart> parts_;
};

}  // namespace ackwire::engine
