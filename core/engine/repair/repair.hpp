// The offline repair: mends what one flipped bit explains, turns messages that are damaged into dead letters, makes indexes and
// counters anew from the rows they are about. All of it is one transaction: a cut leaves the store as it was.
#pragma once

#include <string>
#include <vector>

#include "ackwire/message.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

inline constexpr std::size_t repair_lines = 1'000;

/// What was done, a line each; the last says how many more when there are more than `repair_lines`. Errors: those of the store;
/// nothing was changed then.
Result<std::vector<std::string>> repair(store::Store& store, Timestamp now);

}  // namespace ackwire::engine
