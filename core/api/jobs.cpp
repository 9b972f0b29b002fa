// Work on many messages: jobs of the broker, which these calls wait for.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "ackwire/connection.hpp"
#include "backend/ask.hpp"
#include "backend/backend.hpp"

namespace ackwire {

using backend::ask;
using backend::Backend;

namespace {

constexpr Duration look_first{1}, look_last{100};  // how often a job is looked at: rarer and rarer
constexpr Duration room_retry_after{1'000};

std::string_view past_of(JobKind kind) { return kind == JobKind::redrive ? "redriven" : "discarded"; }

Errc code_named(std::string_view text) {
  for (unsigned number = 1; number < 256; ++number) {
    const auto code = static_cast<Errc>(number);
    if (name(code) == text) return code;
  }
  return Errc::internal;
}

/// Work that ended early says how far it came.
Error part_done(Error error, std::uint64_t count, std::string_view what) {
  if (count == 0) return error;
  error.message += " Before that, " + std::to_string(count) + " messages were " + std::string(what) + ".";
  error.index = count;
  return error;
}

/// Sleeps. False when the wait is over, or the thread does not want to go on.
bool pause(const Wait& wait, Duration length) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const Wait shorter = wait.at_most(length);
  shorter.on(never, lock, [] { return false; });
  const auto now = Wait::Clock::now();
  return now >= shorter.deadline() && now < wait.deadline();
}

Error goes_on(const Job& job, Duration waited) {
  const std::string number = std::to_string(job.id);
  return {Errc::timeout,
          "The " + std::string(word_of(job.kind)) + " was not done within " + std::to_string(waited.count()) +
              "ms. It goes on in the broker as job " + number + "; " + std::to_string(job.moved) + " messages were " +
              std::string(past_of(job.kind)) + " so far. jobs() shows how far it is, cancel_job(" + number +
              ") ends it; `ackwire job ls` and `ackwire job cancel " + number + "` do the same.",
          {},
          {}};
}

/// What a job that is not running any more has to tell.
Result<Job> outcome(Job job) {
  if (job.state == JobState::done) return job;
  Error error{Errc::indeterminate, "Job " + std::to_string(job.id) + " was cancelled.", {}, {}};
  if (job.state == JobState::failed) {
    error = {code_named(job.code), job.error, {}, {}};
    if (error.code == Errc::overloaded) error.retry_after = room_retry_after;
  }
  return part_done(std::move(error), job.moved, past_of(job.kind));
}

/// Of a broker of an earlier version.
bool knows_no_jobs(const Error& error) {
  return error.code == Errc::unknown_operation ||
         (error.code == Errc::invalid_argument && error.message.find(model::StartJob::verb.name) != std::string::npos &&
          error.message.find("does not exist") != std::string::npos);
}

/// Starts it and waits for its end.
Result<Job> run(Backend& of, const model::StartJob& start, const Wait& wait) {
  Result<Job> job = ask<Job>(of, start, wait);
  for (Duration look = look_first; job && job->state == JobState::running; look = std::min(2 * look, look_last)) {
    if (!pause(wait, look)) return goes_on(*job, wait.passed());
    Result<Job> now = ask<Job>(of, model::GetJob{job->id}, wait);
    if (!now && now.error().code == Errc::timeout) return goes_on(*job, wait.passed());
    if (!now && now.error().code != Errc::not_found) {
      Error error = std::move(now).error();
      error.message += " Job " + std::to_string(job->id) + ", which was waited for, goes on in the broker.";
      return error;
    }
    job = std::move(now);
  }
  if (!job) return job;
  return outcome(*std::move(job));
}

/// For a broker that knows no jobs: part by part, each asked for.
Result<std::uint64_t> purge_by_parts(Backend& of, std::string_view queue, const Wait& wait) {
  std::uint64_t count = 0;
  model::Purge purge{std::string(queue)};
  while (true) {
    Result<model::Purged> answer = ask<model::Purged>(of, purge, wait);
    if (!answer) return part_done(std::move(answer).error(), count, past_of(JobKind::purge));
    count += answer->count;
    if (!answer->more) return count;
    purge.below_sequence = answer->below_sequence;
  }
}

/// The same over the letters that were dead at the start.
Result<DeadMoved> move_by_parts(Backend& of, const model::StartJob& start, const Wait& wait) {
  model::MoveDead move{start.kind == JobKind::redrive ? model::DeadAction::redrive : model::DeadAction::discard, start.queue,
                       start.group, start.filter};
  DeadMoved moved;
  while (true) {
    Result<model::Moved> answer = ask<model::Moved>(of, move, wait);
    if (!answer) return part_done(std::move(answer).error(), moved.moved, past_of(start.kind));
    moved.moved += answer->moved.moved;
    moved.not_found.insert(moved.not_found.end(), answer->moved.not_found.begin(), answer->moved.not_found.end());
    if (!answer->more) return moved;
    move.from = answer->next;
    move.dead_until_ms = answer->dead_until_ms;
  }
}

Result<DeadMoved> move_dead(Backend& of, const model::StartJob& start) {
  const Wait wait{of.call_timeout()};
  Result<Job> job = run(of, start, wait);
  if (job) return DeadMoved{job->moved, std::move(job->not_found)};
  if (knows_no_jobs(job.error())) return move_by_parts(of, start, wait);
  return std::move(job).error();
}

}  // namespace

Result<std::uint64_t> Connection::purge(std::string_view queue) {
  const Wait wait{backend_->call_timeout()};
  Result<Job> job = run(*backend_, {JobKind::purge, std::string(queue), {}, {}}, wait);
  if (job) return job->moved;
  if (knows_no_jobs(job.error())) return purge_by_parts(*backend_, queue, wait);
  return std::move(job).error();
}

Result<DeadMoved> Connection::redrive(std::string_view queue, std::string_view group, const DeadFilter& filter) {
  return move_dead(*backend_, {JobKind::redrive, std::string(queue), std::string(group), filter});
}

Result<DeadMoved> Connection::discard(std::string_view queue, std::string_view group, const DeadFilter& filter) {
  return move_dead(*backend_, {JobKind::discard, std::string(queue), std::string(group), filter});
}

Result<std::vector<Job>> Connection::jobs() {
  Result<model::JobList> list = ask<model::JobList>(*backend_, model::ListJobs{});
  if (!list) return std::move(list).error();
  return std::move(list->jobs);
}

Result<Job> Connection::cancel_job(std::uint64_t id) { return ask<Job>(*backend_, model::CancelJob{id}); }

}  // namespace ackwire
