// A run of messages as it was received, until the application takes it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ackwire/message.hpp"
#include "client/gate.hpp"
#include "client/range_list.hpp"
#include "format/run.hpp"

namespace ackwire::client {

struct ReceivedRun {
  std::shared_ptr<const void> owner;  // keeps run.records alive
  format::Run run;
  std::uint64_t boot_epoch = 0;
  Clock::time_point received{};

  /// Cuts the first `messages` off. Requires messages < run.count. Takes everything when the records are damaged there.
  ReceivedRun cut(std::uint32_t messages);
};

/// Appends the messages of `from`, whose views point into its frame. A record that fails its checksum is not handed out: its
/// sequence goes to `damaged`; when the length of one is wrong, so does everything behind it.
void make_deliveries(const ReceivedRun& from, std::vector<Delivery>& out, RangeList& damaged);

}  // namespace ackwire::client
