#include "engine/admin/sampler.hpp"

#include <utility>

namespace ackwire::engine {

void Sampler::touch(Queue& queue) {
  if (!std::exchange(queue.changed, true)) unsampled.push_back(&queue);
}

void Sampler::set_active(Queue& queue, bool is) {
  if (std::exchange(queue.active, is) == is) return;
  is ? ++active_queues : --active_queues;
}

void Sampler::set_gauges(Queue& queue, const Gauges& is) {
  const Gauges was = std::exchange(queue.gauges, is);
  gauges.depth += is.depth - was.depth, gauges.leased += is.leased - was.leased;
  gauges.delayed += is.delayed - was.delayed, gauges.dead += is.dead - was.dead;
}

void Sampler::forget(Queue& queue) {
  set_active(queue, false);
  set_gauges(queue, {});
  std::erase(unsampled, &queue);
}

}  // namespace ackwire::engine
