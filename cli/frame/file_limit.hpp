// How many files the broker may have open: each client over the network or a socket costs one.
#pragma once

#include <cstdint>

#include "frame/log.hpp"

namespace ackwire::cli {

/// Raises the process's soft limit as far as the hard one allows, at most to 65,536. Warns when `max_sessions` clients would not
/// fit: a broker without a free file cannot take another client, and tries all the time.
void raise_file_limit(ServeLog& log, std::uint32_t max_sessions);

}  // namespace ackwire::cli
