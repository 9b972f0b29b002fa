// The offline check: reads every row, checks every checksum, recounts every counter, and compares every index with its table.
#pragma once

#include "ackwire/broker.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// Changes nothing. Errors: those of Store::begin(). What is wrong with the contents is in VerifyReport::problems, at most
/// `verify_problems` of them.
Result<VerifyReport> verify(store::Store& store);

inline constexpr std::size_t verify_problems = 1'000;

}  // namespace ackwire::engine
