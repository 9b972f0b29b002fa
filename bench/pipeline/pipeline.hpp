// The bare pipeline: what this machine gives to a broker of Ackwire's shape before the broker decides anything. The same three
// processes, the same frames and the same window as the product, but no semantics:
//
//   producer -> PUBLISH -> broker: every frame that has come is stored as a block in LMDB, one synced commit for all of them
//            <- CONFIRM           DELIVER -> consumer
//                                 SETTLE  <- consumer: the block is deleted in the next commit
#pragma once

#include <cstdint>
#include <string>

#include "support/child.hpp"

namespace ackwire::bench {

struct PipelineOptions {
  std::string directory;
  std::string transport = "tcp";
  std::uint32_t frame_messages = 100;
  std::uint32_t frames_in_flight = 64;
  std::uint32_t body_bytes = 256;
  double warmup_seconds = 0.5;
  double seconds = 3;
};

/// Publishes for warmup + seconds to the endpoint in the first line, then sends the p50 of its confirm latency in milliseconds.
void run_producer(const PipelineOptions& options, Lines& lines);
/// Settles whatever is delivered, until it is killed.
void run_consumer(Lines& lines);

struct PipelineRate {
  double settled_per_second = 0;
  double commits_per_second = 0;
};
/// Serves both until the producer is done.
PipelineRate run_broker(const PipelineOptions& options, Child& producer, Child& consumer);

inline constexpr const char* pipeline_queue = "bench";

}  // namespace ackwire::bench
