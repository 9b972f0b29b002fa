// Jobs as they are asked for: start, look, cancel.
#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

constexpr Duration place_retry_after{1'000};

Error no_such_job(std::uint64_t id) {
  return {Errc::not_found,
          "There is no job " + std::to_string(id) + ": it never was, or it ended and " + std::to_string(limits::jobs_kept) +
              " others have ended since. Nothing was changed.",
          {},
          {}};
}

Job described(std::uint64_t id, const JobRow& row) {
  Job out;
  out.id = id;
  out.kind = row.kind, out.state = row.state;
  out.queue = row.queue_name, out.group = row.group;
  out.moved = row.moved;
  out.not_found = row.not_found;
  out.started = Timestamp{Duration{row.started_ms}};
  out.ended = Timestamp{Duration{row.ended_ms}};
  out.code = row.code, out.error = row.error;
  return out;
}

Result<Job> start_job(Engine::State& s, const model::StartJob& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue, "Nothing was started.");
  const bool purge = r.kind == JobKind::purge;
  if (purge && (!r.group.empty() || r.filter.reason || !r.filter.sequences.empty())) {
    return Error{
        Errc::invalid_argument, "A purge is of all groups of a queue and of all its messages. Nothing was started.", {}, {}};
  }
  if (!purge && !queue->find_group(r.group)) return no_group(r.queue, r.group);
  if (r.filter.sequences.size() > limits::page_messages) {
    return Error{Errc::out_of_range,
                 std::to_string(r.filter.sequences.size()) + " sequences were named, at most " +
                     std::to_string(limits::page_messages) + " can be at once. Nothing was moved. Name them in parts.",
                 {},
                 {}};
  }
  if (s.running_jobs.size() >= limits::jobs) {
    return Error{Errc::overloaded,
                 std::to_string(s.running_jobs.size()) +
                     " jobs are running, which is the limit. Nothing was started. Wait for one, or cancel one.",
                 place_retry_after,
                 {}};
  }
  const std::uint64_t id = s.jobs.empty() ? 1 : s.jobs.rbegin()->first + 1;
  JobRow& row = s.jobs[id];
  row.kind = r.kind;
  row.queue = queue->id;
  row.queue_name = r.queue, row.group = r.group;
  row.reason = r.filter.reason ? static_cast<std::uint8_t>(*r.filter.reason) : 0;
  row.sequences = r.filter.sequences;
  row.started_ms = s.turn.now.wall.time_since_epoch().count();
  s.running_jobs.insert(id);
  s.advance_job(id, row);
  return described(id, row);
}

Result<Job> get_job(Engine::State& s, const model::GetJob& r) {
  const auto found = s.jobs.find(r.id);
  if (found == s.jobs.end()) return no_such_job(r.id);
  return described(r.id, found->second);
}

Result<model::JobList> list_jobs(Engine::State& s, const model::ListJobs&) {
  model::JobList list;
  for (const auto& [id, row] : s.jobs) {
    list.jobs.push_back(described(id, row));
    list.jobs.back().not_found.clear();  // up to a page of numbers each: get_job tells
  }
  return list;
}

Result<Job> cancel_job(Engine::State& s, const model::CancelJob& r) {
  const auto found = s.jobs.find(r.id);
  if (found == s.jobs.end()) return no_such_job(r.id);
  if (found->second.state == JobState::running) s.end_job(r.id, found->second, JobState::cancelled);
  return described(r.id, found->second);
}

}  // namespace

constinit const Handlers<model::JobVerbs> job_handlers{&start_job, &get_job, &list_jobs, &cancel_job};

}  // namespace ackwire::engine
