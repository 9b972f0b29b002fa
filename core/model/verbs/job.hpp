// What can be asked about jobs: work on many messages that the broker does by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ackwire/job.hpp"
#include "model/verbs/verb.hpp"

namespace ackwire::model {

/// Does the first part at once.
struct StartJob {
  using Reply = Job;
  static constexpr Verb verb{
      .name = "start_job",
      .meaning = "starts a purge, redrive or discard, which the broker goes on with by itself; shows how far it is",
      .permission = Permission::purge};
  JobKind kind = JobKind::purge;
  std::string queue, group;
  DeadFilter filter;
  static constexpr auto fields = Fields{
      field("kind", &StartJob::kind, "what it does").must(),
      field("queue", &StartJob::queue, "where").must(),
      field("group", &StartJob::group, "of which group; not of a purge, which is of all"),
      field("filter", &StartJob::filter, "which dead letters"),
  };
};

struct GetJob {
  using Reply = Job;
  static constexpr Verb verb{.name = "get_job",
                             .meaning = "shows a job",
                             .permission = Permission::observe,
                             .access = Access::reads,
                             .repeat = Repeat::safe};
  std::uint64_t id = 0;
  static constexpr auto fields = Fields{field("id", &GetJob::id, "its number").must()};
};

struct JobList {
  std::vector<Job> jobs;
  static constexpr auto fields = Fields{field("jobs", &JobList::jobs, "by their numbers").must()};
};

struct ListJobs {
  using Reply = JobList;
  static constexpr Verb verb{.name = "list_jobs",
                             .meaning = "shows the jobs that run, and the latest that have ended",
                             .permission = Permission::observe,
                             .access = Access::reads_much,
                             .repeat = Repeat::safe};
  static constexpr auto fields = Fields<>{};
};

struct CancelJob {
  using Reply = Job;
  static constexpr Verb verb{.name = "cancel_job",
                             .meaning = "ends a job where it is; what it did stays done",
                             .permission = Permission::purge,
                             .repeat = Repeat::safe};
  std::uint64_t id = 0;
  static constexpr auto fields = Fields{field("id", &CancelJob::id, "its number").must()};
};

using JobVerbs = Verbs<StartJob, GetJob, ListJobs, CancelJob>;

template <>
inline constexpr ReplyForm reply_form<Job>{"job", "job"};
template <>
inline constexpr ReplyForm reply_form<JobList>{"jobs"};

}  // namespace ackwire::model
