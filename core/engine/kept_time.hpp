// Broker time as the store keeps it, so that a broker that is started again does not begin behind it, whatever the system's clock
// says.
#pragma once

#include <array>
#include <optional>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// Names one start of the machine; all zeros: not known. Steady time counts from it.
using MachineBoot = std::array<char, 36>;

/// One instant on both clocks.
struct KeptTime {
  Timestamp wall{};  // broker time
  Duration mono{};
  MachineBoot machine_boot{};
};

/// What the store kept last; none in a new store. Changes nothing. Errors: those of Store::begin().
Result<std::optional<KeptTime>> kept_time(store::Store& store);

}  // namespace ackwire::engine
