// Which queues have something to tell in the next sample, and how full all of them are.
#pragma once

#include <vector>

#include "engine/queue.hpp"

namespace ackwire::engine {

struct Sampler {
  std::vector<Queue*> unsampled;  // touched since the last sample
  Gauges gauges;                  // of all queues
  std::size_t active_queues = 0;  // whose samples are kept
  std::uint64_t next_sample_ms = 0;

  void touch(Queue& queue);
  void set_active(Queue& queue, bool is);
  void set_gauges(Queue& queue, const Gauges& is);
  /// It is gone.
  void forget(Queue& queue);
};

}  // namespace ackwire::engine
