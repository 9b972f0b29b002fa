// SPDX-License-Identifier: GPL-3.0-only
// The figures of a real broker.
#pragma once

#include "bridge/data_source.hpp"

namespace ackwire::dashboard {

/// A factory of sources that talk to the broker at `endpoint`, e.g. "tcp://127.0.0.1:7733". Opening never waits for the broker;
/// it fails for an endpoint that can never work (Errc::invalid_argument).
SourceFactory connection_factory(std::string endpoint);

}  // namespace ackwire::dashboard
