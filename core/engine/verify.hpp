// The offline check: reads every row, checks every checksum, recounts every counter, and compares every index with its table.
#pragma once

#include <functional>
#include <string_view>

#include "ackwire/broker.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

/// Hears where the check is (`problem` false: table and key about to be read) and what it finds, as it goes: a page that is damaged
/// may end the process that reads it.
using VerifyWatch = std::function<void(bool problem, std::string_view text, std::string_view key)>;

/// Changes nothing. Errors: those of Store::begin(). What is wrong with the contents is in VerifyReport::problems, at most
/// `verify_problems` of them.
Result<VerifyReport> verify(store::Store& store, const VerifyWatch& watch = {});

inline constexpr std::size_t verify_problems = 1'000;

}  // namespace ackwire::engine
