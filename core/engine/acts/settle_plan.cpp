#include "engine/acts/settle_plan.hpp"

#include <algorithm>

namespace ackwire::engine {

using Place = SettlePart::Place;

void SettlePlan::add(const model::SettleRange& range) {
  std::uint64_t sequence = range.first_sequence;
  const std::uint64_t end = sequence + range.count;
  while (sequence < end) {
    WindowBlock* block = group_.block_of(sequence);
    if (block && range.delivery == 1) {
      const std::uint64_t stop = std::min(end, block->end());
      const std::uint64_t until = held_until(*block, sequence, stop);
      if (until > sequence) put(Place::block, block, sequence, until, range.delivery);
      sequence = until;
      if (sequence == stop) continue;
    }
    // Not leased in its block: it may have a retry row, else the token is stale, and so are those behind it.
    const bool waits = mine(sequence, range.delivery);
    const std::uint64_t until = waits ? sequence + 1 : stale_until(block, sequence, end, range.delivery);
    put(waits ? Place::retry : Place::nowhere, nullptr, sequence, until, range.delivery);
    sequence = until;
  }
}

bool SettlePlan::is_current() const {
  return std::all_of(parts_.begin(), parts_.end(), [](const SettlePart& part) { return part.place != Place::nowhere; });
}

bool SettlePlan::mine(std::uint64_t sequence, std::uint32_t delivery) const {
  const auto it = group_.retry_leases.find(sequence);
  if (it == group_.retry_leases.end()) return false;
  return any_token_ || (it->second.holder == holder_ && it->second.delivery == delivery);
}

std::uint64_t SettlePlan::held_until(const WindowBlock& block, std::uint64_t sequence, std::uint64_t stop) const {
  while (sequence < stop && mine(block.slots[sequence - block.base].holder)) ++sequence;
  return sequence;
}

// Where the next may be that is leased, behind `sequence`, which is not.
std::uint64_t SettlePlan::stale_until(const WindowBlock* block, std::uint64_t sequence, std::uint64_t end,
                                      std::uint32_t delivery) const {
  std::uint64_t until = end;
  if (delivery == 1 && block) {
    for (until = sequence + 1; until < std::min(end, block->end()) && !mine(block->slots[until - block->base].holder);) ++until;
  } else if (delivery == 1) {
    if (const auto next = group_.window.upper_bound(sequence); next != group_.window.end()) until = std::min(end, next->first);
  }
  if (group_.retry_leases.size() < until - sequence) {
    for (const auto& [leased, lease] : group_.retry_leases) {
      if (leased > sequence) until = std::min(until, leased);
    }
    return until;
  }
  const std::uint64_t most = until;
  for (until = sequence + 1; until < most && !group_.retry_leases.contains(until);) ++until;
  return until;
}

}  // namespace ackwire::engine
