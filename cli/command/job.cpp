// ackwire job ls|cancel
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/describe.hpp"

namespace ackwire::cli {
namespace {

int list_jobs(Client& client, const Face& face) {
  const auto jobs = client.jobs();
  if (!jobs) return face.refuse(jobs.error());
  std::vector<Json> rows;
  for (const Job& job : *jobs) rows.push_back(describe(job));
  face.printer.rows(rows);
  return exit_ok;
}

int cancel_job(Client& client, std::uint64_t id, const Face& face) {
  const auto job = client.cancel_job(id);
  if (!job) return face.refuse(job.error());
  face.printer.record(describe(*job));
  return exit_ok;
}

}  // namespace

void add_job(CLI::App& root, Invocation& invocation) {
  CLI::App* noun = root.add_subcommand("job", "purges, redrives and discards as the broker does them, whoever asked may be gone");
  noun->require_subcommand(1);

  CLI::App* app = add_command(*noun, invocation, "ls", "those that run and the latest that have ended, one a line");
  app->callback([&invocation] {
    invocation.act = [&globals = invocation.globals](Terminal& terminal) -> int {
      return with_client(globals, terminal, job_view(), list_jobs);
    };
  });

  const auto id = std::make_shared<std::uint64_t>(0);
  app = add_command(*noun, invocation, "cancel", "end one where it is; what it did stays done");
  app->add_option("ID", *id, "its number, of `job ls`")->required();
  app->callback([&invocation, id] {
    invocation.act = [&globals = invocation.globals, id](Terminal& terminal) -> int {
      return with_client(globals, terminal, job_view(),
                         [&](Client& client, const Face& face) { return cancel_job(client, *id, face); });
    };
  });
}

}  // namespace ackwire::cli
