#include "client/outcomes.hpp"

#include <algorithm>
#include <iterator>

namespace ackwire::client {

void Outcomes::add(std::uint64_t boot_epoch, const model::SettleRange& range, Outcome outcome) {
  const Key key{boot_epoch, range.delivery, range.first_sequence};
  auto next = ranges_.upper_bound(key);
  if (next != ranges_.begin()) {
    auto& [before, held] = *std::prev(next);
    const bool same_delivery = before.boot_epoch == boot_epoch && before.delivery == range.delivery;
    if (same_delivery && before.first == range.first_sequence && held.count >= range.count) return;  // the first outcome stands
    if (same_delivery && before.first + held.count == range.first_sequence && held.outcome == outcome) {
      held.count += range.count;
      return;
    }
  }
  if (!ranges_.emplace(key, Range{range.count, outcome}).second) return;
  order_.push_back(key);
  if (order_.size() <= kept) return;
  ranges_.erase(order_.front());
  order_.pop_front();
}

void Outcomes::answered(std::uint64_t boot_epoch, model::SettleKind kind, const std::vector<model::SettleRange>& asked,
                        const std::vector<model::SettleRange>& stale) {
  if (kind == model::SettleKind::extend) return;
  for (const model::SettleRange& range : stale) add(boot_epoch, range, {{}, true});
  for (const model::SettleRange& range : asked) {
    if (stale.empty()) {
      add(boot_epoch, range, {kind, false});
      continue;
    }
    for (std::uint64_t sequence = range.first_sequence; sequence < range.first_sequence + range.count; ++sequence) {
      if (!find(boot_epoch, sequence, range.delivery)) add(boot_epoch, {sequence, 1, range.delivery}, {kind, false});
    }
  }
}

std::optional<Outcome> Outcomes::find(std::uint64_t boot_epoch, std::uint64_t sequence, std::uint32_t delivery) const {
  auto next = ranges_.upper_bound({boot_epoch, delivery, sequence});
  if (next == ranges_.begin()) return std::nullopt;
  const auto& [key, range] = *std::prev(next);
  if (key.boot_epoch != boot_epoch || key.delivery != delivery || sequence - key.first >= range.count) return std::nullopt;
  return range.outcome;
}

}  // namespace ackwire::client
