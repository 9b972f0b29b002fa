// Requests that are not on the hot path: each is answered by one reply out of one bounded transaction. Long work (purge, redrive,
// discard, forced removal) is a series of requests that the client repeats until `more` is false.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ackwire/dead_letter.hpp"
#include "ackwire/error.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/stats.hpp"

namespace ackwire::model {

struct CreateQueue {
  std::string queue;
  QueuePolicy policy;
};
struct EnsureQueue {
  std::string queue;
  QueueChange change;
};
struct SetQueue {
  std::string queue;
  QueueChange change;
};
struct GetQueue {
  std::string queue;
};
struct ListQueues {};
/// Without `force` a queue that holds messages or dead letters is refused. What it held is erased in parts after the answer.
struct RemoveQueue {
  std::string queue;
  bool force = false;
};
struct Purge {
  std::string queue;
  std::uint64_t below_sequence = 0;
};  // 0 = fix the bound now; the answer carries it
struct CreateGroup {
  std::string queue, group;
  bool from_oldest = false;
};
struct RemoveGroup {
  std::string queue, group;
};
struct Peek {
  std::string queue, group;
  std::uint64_t from = 0;
  std::uint32_t count = 0;
  std::uint64_t body_bytes = 0;
};
struct GetStats {};
struct GetDeadLetters {
  std::string queue, group;
  std::uint64_t from = 0;
  std::uint32_t count = 0;
  DeadFilter filter;
  std::uint64_t body_bytes = 0;
};
enum class DeadAction : std::uint8_t { redrive = 1, discard = 2 };
/// One chunk from sequence `from` on, of letters that died at or before `dead_until` (0 = now; the answer carries it).
struct MoveDead {
  DeadAction action = DeadAction::redrive;
  std::string queue, group;
  DeadFilter filter;
  std::uint64_t from = 0;
  std::int64_t dead_until_ms = 0;
};

using Request = std::variant<CreateQueue, EnsureQueue, SetQueue, GetQueue, ListQueues, RemoveQueue, Purge, CreateGroup, RemoveGroup,
                             Peek, GetStats, HistoryQuery, GetDeadLetters, MoveDead>;

/// Whether the request only reads, and may read much: pages, lists and figures.
inline bool is_read(const Request& request) {
  return std::holds_alternative<Peek>(request) || std::holds_alternative<GetDeadLetters>(request) ||
         std::holds_alternative<HistoryQuery>(request) || std::holds_alternative<GetStats>(request) ||
         std::holds_alternative<ListQueues>(request);
}

struct Done {};
struct Purged {
  std::uint64_t count = 0, below_sequence = 0;
  bool more = false;
};
struct Moved {
  DeadMoved moved;
  std::uint64_t next = 0;
  std::int64_t dead_until_ms = 0;
  bool more = false;
};

using Reply = std::variant<Error, Done, QueueInfo, std::vector<QueueInfo>, Purged, PeekPage, BrokerStats, std::vector<Sample>,
                           DeadPage, Moved>;

}  // namespace ackwire::model
