// SPDX-License-Identifier: GPL-3.0-only
#include "bridge/identity.hpp"

#include <algorithm>

namespace ackwire::dashboard {

Identity identity_of(const BrokerStats& stats, std::string_view queue) {
  Identity identity{.store_id = stats.store_id, .boot_epoch = stats.boot_epoch};
  const auto at = std::find_if(stats.queues.begin(), stats.queues.end(), [&](const auto& info) { return info.name == queue; });
  if (at != stats.queues.end()) {
    identity.queue_id = at->id;
    identity.queue_created = at->created;
  }
  return identity;
}

std::string changed_since(const Identity& seen, const Identity& now, const std::string& queue) {
  if (seen == now) return {};
  if (now.store_id != seen.store_id) return "Another broker answers at this endpoint than the one that was shown.";
  if (now.queue_id == 0) return "Queue " + queue + " was removed.";
  if (!now.same_queue(seen)) return "Queue " + queue + " was removed and made again; it is not the one that was shown.";
  return "The broker was started again since this was shown.";
}

}  // namespace ackwire::dashboard
