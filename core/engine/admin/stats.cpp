// The figures of the broker.
#include "ackwire/version.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

Result<model::StatsPage> get_stats(Engine::State& s, const model::GetStats& r) {
  model::StatsPage page;
  BrokerStats& stats = page.stats;
  stats.version = version();
  static constexpr char digits[] = "0123456789abcdef";
  for (const unsigned char byte : s.store.id()) stats.store_id += {digits[byte >> 4], digits[byte & 15]};
  stats.boot_epoch = s.boot.boot_epoch;
  stats.now = s.turn.now.wall;
  stats.started = s.turn.now.wall - (s.turn.now.mono - s.started);
  stats.consumers = static_cast<std::uint32_t>(s.consumers.subscriptions.size());
  stats.publishes_refused = !s.room.no_room().ok() || s.room.over_limit(0).has_value();
  stats.store_bytes = s.room.usage().used_bytes;
  stats.store_bytes_limit = s.room.usage().limit_bytes;
  model::QueuePage queues = page_of_queues(s, r.from, r.count);
  stats.queues = std::move(queues.queues);
  page.next = std::move(queues.next);
  return page;
}

}  // namespace

constinit const Handlers<model::StatsVerbs> stats_handlers{&get_stats};

}  // namespace ackwire::engine
