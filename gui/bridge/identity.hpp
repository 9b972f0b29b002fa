// SPDX-License-Identifier: GPL-3.0-only
// Which queue somebody looked at. A name can be given to another queue, and then a sequence names another message.
#pragma once

#include <ackwire/stats.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace ackwire::dashboard {

struct Identity {
  std::string store_id;
  std::uint32_t queue_id = 0;  ///< 0: there is no such queue
  Timestamp queue_created{};
  std::uint64_t boot_epoch = 0;  ///< an older copy of the store has the same ids, and other messages under the same sequences

  friend bool operator==(const Identity&, const Identity&) = default;
  bool same_queue(const Identity& other) const {
    return store_id == other.store_id && queue_id == other.queue_id && queue_created == other.queue_created;
  }
};

Identity identity_of(const BrokerStats& stats, std::string_view queue);
/// Why what was seen as `seen` may not be acted upon any more, in a sentence; empty: it may.
std::string changed_since(const Identity& seen, const Identity& now, const std::string& queue);

}  // namespace ackwire::dashboard
