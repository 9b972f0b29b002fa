// Jobs: work on many messages that the broker does by itself, a bounded part each turn. Whoever asked for it may go away.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ackwire/field.hpp"
#include "ackwire/message.hpp"

namespace ackwire {

/// What a job does. The numbers are permanent: they are stored.
enum class JobKind : std::uint8_t {
  purge = 1,    ///< discards what is ready or delayed
  redrive = 2,  ///< sends dead letters back to their group
  discard = 3,  ///< deletes dead letters for good
};
template <>
inline constexpr auto words<JobKind> = std::to_array<std::pair<std::string_view, JobKind>>({
    {"purge", JobKind::purge},
    {"redrive", JobKind::redrive},
    {"discard", JobKind::discard},
});

/// Where it is. The numbers are permanent: they are stored.
enum class JobState : std::uint8_t {
  running = 1,
  done = 2,
  cancelled = 3,  ///< what it did before stays done
  failed = 4,     ///< Job::error says why; what it did before stays done
};
template <>
inline constexpr auto words<JobState> = std::to_array<std::pair<std::string_view, JobState>>({
    {"running", JobState::running},
    {"done", JobState::done},
    {"cancelled", JobState::cancelled},
    {"failed", JobState::failed},
});

/// A job as the broker has it. It is durable: a broker that is opened again goes on with it. The latest limits::jobs_kept that have
/// ended can be looked at.
struct Job {
  std::uint64_t id = 0;
  JobKind kind = JobKind::purge;
  JobState state = JobState::running;
  std::string queue;
  std::string group;
  std::uint64_t moved = 0;
  std::vector<std::uint64_t> not_found;
  Timestamp started{};
  Timestamp ended{};
  std::string code;
  std::string error;
};
template <>
inline constexpr auto fields<Job> = Fields{
    field("id", &Job::id, "its number: rises, never used again").must(),
    field("kind", &Job::kind, "what it does").must(),
    field("state", &Job::state, "where it is").must(),
    field("queue", &Job::queue, "where it works"),
    field("group", &Job::group, "on which group; empty: on all of the queue"),
    field("moved", &Job::moved, "messages it was done to so far"),
    field("not_found", &Job::not_found, "of the sequences that were named, those that were no dead letters"),
    field("started", &Job::started, "when it was asked for"),
    field("ended", &Job::ended, "when it ended; 0: it is running").none_at_zero(),
    field("code", &Job::code, "of a failed one: the name of the error"),
    field("error", &Job::error, "of a failed one: why, and what to do"),
};
template <>
inline constexpr AboutType about<Job>{"Job", "Work on many messages that the broker does by itself, a bounded part each turn."};

}  // namespace ackwire
