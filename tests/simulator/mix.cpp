#include "mix.hpp"

namespace ackwire::simulator {
namespace {

/// Off in about half of the seeds, else up to `most`.
unsigned sometimes(Random& random, unsigned most) { return random.chance(500) ? 0 : static_cast<unsigned>(random.below(most) + 1); }

QueuePolicy make_policy(Random& random) {
  QueuePolicy policy;
  policy.visibility_timeout = Duration{random.between(200, 3'000)};
  policy.max_attempts = static_cast<std::uint32_t>(random.between(1, 8));
  policy.backoff.initial = Duration{random.between(0, 500)};
  policy.backoff.multiplier = random.chance(500) ? 2.0 : 1.0;
  policy.backoff.max = Duration{random.between(500, 3'000)};
  policy.backoff.jitter = random.chance(500) ? 0.5 : 0.0;
  policy.on_expiry = random.chance(500) ? OnExpiry::dead_letter : OnExpiry::discard;
  if (random.chance(150)) policy.ttl = Duration{random.between(500, 6'000)};
  policy.dedupe_window = random.chance(300) ? Duration{random.between(500, 3'000)} : Duration{600'000};
  if (random.chance(200)) policy.max_depth = static_cast<std::uint64_t>(random.between(5, 200));
  if (random.chance(200)) policy.max_in_flight = static_cast<std::uint32_t>(random.between(1, 50));
  return policy;
}

}  // namespace

Mix make_mix(Random& random) {
  Mix mix;
  mix.in_order_network = random.chance(500);
  if (!mix.in_order_network) {
    mix.frame_lost = sometimes(random, 100);
    mix.frame_repeated = sometimes(random, 150);
    mix.frame_late = sometimes(random, 200);
  }
  mix.session_cut = sometimes(random, 400);
  mix.partition = sometimes(random, 100);
  mix.crash_before_commit = sometimes(random, 8);
  mix.crash_after_commit = sometimes(random, 8);
  mix.disk_full = sometimes(random, 5);
  mix.disk_error = sometimes(random, 5);
  mix.undeliverable = sometimes(random, 50);
  mix.producer_restart = sometimes(random, 200);
  mix.consumer_nack = sometimes(random, 300);
  mix.consumer_reject = sometimes(random, 80);
  mix.consumer_release = sometimes(random, 100);
  mix.consumer_extend = sometimes(random, 100);
  mix.consumer_stall = sometimes(random, 150);
  mix.with_key = random.chance(300) ? 0 : static_cast<unsigned>(random.between(100, 1'000));
  mix.repeat_key = sometimes(random, 400);
  mix.conflict = sometimes(random, 50);
  mix.with_delay = sometimes(random, 150);
  mix.with_ttl = sometimes(random, 100);
  mix.operate = sometimes(random, 300);
  mix.purges = random.chance(250);
  mix.renew_leases = random.chance(300);
  mix.producers = static_cast<std::uint32_t>(random.between(1, 3));
  mix.consumers = static_cast<std::uint32_t>(random.between(1, 4));
  mix.queues = random.chance(300) ? 2 : 1;
  mix.groups = random.chance(300) ? 2 : 1;
  mix.chaos = Duration{random.between(3'000, 10'000)};
  mix.network_delay = Duration{random.between(0, 20)};
  mix.publish_pause = Duration{random.between(5, 80)};
  if (random.chance(100)) mix.store_bytes = static_cast<std::uint64_t>(random.between(200'000, 600'000));
  mix.policy = make_policy(random);
  return mix;
}

}  // namespace ackwire::simulator
