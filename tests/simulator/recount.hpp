// Reads every row of a store and says where each message is, without the engine: the checkers compare it with what clients saw.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/rows/row.hpp"
#include "store/store.hpp"

namespace ackwire::simulator {

enum class Where : std::uint8_t { block, retry, dead };

/// One message of one group that is not final.
struct Place {
  Where where = Where::block;
  std::uint32_t deliveries = 0, attempts = 0;
  engine::TakenOut row;  // of retry and dead
  std::string body;
  bool sound = true;  // its checksum holds
};

struct GroupCount {
  engine::GroupRow row;
  std::map<std::uint64_t, Place> places;  // by sequence
  std::uint64_t blocks = 0, retry = 0, dead = 0, due = 0, bodies = 0;
};

struct QueueCount {
  engine::QueueRow row;
  engine::QueueState state;
  std::map<std::string, GroupCount> groups;  // by name
};

struct Recount {
  std::map<std::string, QueueCount> queues;  // by name
  std::string problem;                       // a row that cannot be read, or a message in two places

  const GroupCount* group(const std::string& queue, const std::string& group_name) const;
};

Recount recount(store::Store& store);

}  // namespace ackwire::simulator
