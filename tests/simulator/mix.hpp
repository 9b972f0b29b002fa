// What goes wrong in one seed, and how often. Each seed mixes the faults anew, so that some seeds are calm in all but one way.
#pragma once

#include <cstdint>

#include "ackwire/queue.hpp"
#include "random.hpp"

namespace ackwire::simulator {

/// Faults to plant, to prove that the checkers would notice.
enum class Plant : std::uint8_t {
  none,
  confirm_before_commit,
  dedupe_apart,
  ack_without_token,
  sequence_from_last_key,
  lying_disk,
};

struct Mix {
  // Chances in 1000, by event.
  unsigned frame_lost = 0, frame_repeated = 0, frame_late = 0;  // each frame
  unsigned session_cut = 0;                                     // each client, each second
  unsigned partition = 0;                                       // each second
  unsigned crash_before_commit = 0, crash_after_commit = 0;     // each turn
  unsigned disk_full = 0, disk_error = 0;                       // each commit
  unsigned undeliverable = 0;                                   // each delivery
  unsigned producer_restart = 0;                                // each second
  unsigned consumer_nack = 0, consumer_reject = 0, consumer_release = 0, consumer_extend = 0, consumer_stall = 0;  // each message
  unsigned with_key = 0, repeat_key = 0, conflict = 0, with_delay = 0, with_ttl = 0;                               // each publish
  unsigned operate = 0;  // operator requests, each 100 ms
  bool purges = false, in_order_network = false, renew_leases = false;
  std::uint32_t producers = 2, consumers = 3, queues = 1, groups = 1;
  Duration chaos{8'000};
  Duration network_delay{3};
  Duration publish_pause{20};
  std::uint64_t store_bytes = 1ull << 30;
  double store_soft_limit = 0.3;  // a small store needs a large reserve: everything it holds may fail at once and be moved
  QueuePolicy policy;
};

/// The same seed gives the same mix.
Mix make_mix(Random& random);

}  // namespace ackwire::simulator
