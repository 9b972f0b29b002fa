// What a connection is told at its start, remote or embedded.
#pragma once

#include <cstdint>
#include <string>

#include "ackwire/message.hpp"

namespace ackwire::client {

struct CoreOptions {
  std::string name;
  std::string endpoint;  // for what is told to people; empty when embedded
  Duration call_timeout{30'000};
  Duration heartbeat{5'000};
  Duration reconnect_initial{100};
  Duration reconnect_max{30'000};
  std::uint32_t max_unconfirmed = 100'000;
  std::uint64_t max_unconfirmed_bytes = 256ull << 20;
  std::uint32_t frames_in_flight = 16;
  std::uint32_t frame_target_bytes = 128 * 1024;
  bool embedded = false;  // the broker is in this process: silence is only a slow disk, and what failed stays failed
};

}  // namespace ackwire::client
