#include "engine/kept_time.hpp"

#include <algorithm>

#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr std::uint64_t keep_every_ms = 60'000;  // at the latest, while something waits for a time

Timestamp at_ms(std::uint64_t ms) { return Timestamp{Duration{static_cast<std::int64_t>(ms)}}; }

}  // namespace

Result<std::optional<KeptTime>> kept_time(store::Store& store) {
  auto tx = store.begin();
  if (!tx) return tx.error();
  BootRow boot;
  const auto boot_bytes = (*tx)->get(Table::state, key::boot());
  if (!boot_bytes) return std::optional<KeptTime>{};
  // A row that is damaged says nothing: the other one is asked, and whoever opens the store deals with the damage.
  if (!decode(*boot_bytes, boot)) boot = {};
  KeptTime kept;
  kept.wall = at_ms(boot.last_wall_ms);
  TimeRow row;
  const auto time_bytes = (*tx)->get(Table::state, key::time());
  // A damaged one is done without: the time of the last start is known, too.
  if (time_bytes && decode(*time_bytes, row) && row.wall_ms >= boot.last_wall_ms) {
    kept.wall = at_ms(row.wall_ms);
    kept.mono = Duration{row.mono_ms};
    if (row.machine_boot.size() == kept.machine_boot.size())
      std::copy(row.machine_boot.begin(), row.machine_boot.end(), kept.machine_boot.begin());
  }
  return std::optional<KeptTime>{kept};
}

void Engine::State::keep_time() {
  kept_wall_ms = epoch_ms(turn.now.wall);
  const MachineBoot& machine = options.machine_boot;
  time.wall_ms = kept_wall_ms;
  time.mono_ms = turn.now.mono.count();
  time.machine_boot.assign(machine.begin(), machine.end());
  turn.tx->put(Table::state, key::time(), encode(time));
}

void Engine::State::keep_time_if_due() {
  if (epoch_ms(turn.now.wall) >= kept_wall_ms + keep_every_ms) keep_time();
}

Duration Engine::State::next_keep() const {
  const std::uint64_t due = kept_wall_ms + keep_every_ms, wall = epoch_ms(turn.now.wall);
  return turn.now.mono + Duration{due > wall ? static_cast<std::int64_t>(due - wall) : 0};
}

}  // namespace ackwire::engine
