// ackwire queue create|ls|info|set|pause|resume|purge|rm
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/describe.hpp"
#include "output/sums.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

struct QueueOptions {
  std::string name;
  QueueChange change;
  Removal removal;
  bool ensure = false;
  bool force = false;
};
using SharedQueueOptions = std::shared_ptr<QueueOptions>;

/// What one command does to the queue NAME.
using QueueAct = std::function<int(Client&, const QueueOptions&, const Face&)>;

/// Registers a command under `queue` that takes NAME.
CLI::App* add_queue_act(CLI::App& noun, Invocation& invocation, const SharedQueueOptions& options, const std::string& word,
                        const std::string& what, View view, QueueAct act) {
  CLI::App* app = add_command(noun, invocation, word, what);
  app->add_option("NAME", options->name, "the queue")->required();
  app->callback([&invocation, options, view, act = std::move(act)] {
    if (const Status status = check(options->change); !status) throw CLI::ValidationError("policy", status.error().message);
    invocation.act = [&globals = invocation.globals, options, view, act](Terminal& terminal) -> int {
      return with_client(globals, terminal, view, [&](Client& client, const Face& face) { return act(client, *options, face); });
    };
  });
  return app;
}

int print_one(const Result<QueueInfo>& info, const Face& face, std::string_view done) {
  if (!info) return face.refuse(info.error());
  if (!done.empty()) face.terminal.say("{} queue \"{}\"", done, info->name);
  face.printer.record(describe(*info));
  return exit_ok;
}

/// Times and ages of a queue are broker time: said when that is not the system's.
void tell_clock(Client& client, const Face& face) {
  constexpr Duration apart{1'000};
  const auto stats = client.stats();
  if (!stats || std::chrono::abs(Duration{stats->clock_offset_ms}) < apart) return;
  face.terminal.line(fmt::format("ackwire: the broker's system clock is {} {} broker time, which all times here are in",
                                 format_duration(std::chrono::abs(Duration{stats->clock_offset_ms})),
                                 stats->clock_offset_ms > 0 ? "ahead of" : "behind"));
}

int list_all(Client& client, const Face& face) {
  const auto queues = client.list_queues();
  if (!queues) return face.refuse(queues.error());
  std::vector<Json> rows;
  for (const QueueInfo& queue : *queues) rows.push_back(describe(queue));
  face.printer.rows(rows);
  return exit_ok;
}

constexpr std::array<Column, 3> purge_columns{{{"queue"}, {"purged", Cell::number}, {"dry_run"}}};
constexpr std::array<Column, 7> rm_columns{{{"queue"},
                                            {"removed"},
                                            {"dry_run"},
                                            {"ready", Cell::number},
                                            {"delayed", Cell::number},
                                            {"leased", Cell::number},
                                            {"dead", Cell::number}}};

int purge(Client& client, const QueueOptions& options, const Face& face) {
  const auto info = client.queue_info(options.name);
  if (!info) return face.refuse(info.error());
  const GroupSums now = sums_of(*info);
  std::uint64_t purged = now.ready + now.delayed;
  if (!options.removal.dry_run) {
    int status = exit_ok;
    const auto question = fmt::format("Discard {} ready and {} delayed messages of \"{}\"?", now.ready, now.delayed, options.name);
    if (!may_remove(options.removal, face.terminal, face.globals.json(), question, status)) return status;
    const auto count = client.purge(options.name);
    if (!count) return face.refuse_rest(count.error());
    purged = *count;
  }
  face.printer.record(Json{{"queue", options.name}, {"purged", purged}, {"dry_run", options.removal.dry_run}});
  return exit_ok;
}

int remove_one(Client& client, const QueueOptions& options, const Face& face) {
  const auto info = client.queue_info(options.name);
  if (!info) return face.refuse(info.error());
  const GroupSums now = sums_of(*info);
  if (!options.removal.dry_run) {
    int status = exit_ok;
    const auto question = fmt::format("Remove \"{}\" with {} ready, {} delayed, {} leased and {} dead messages?", options.name,
                                      now.ready, now.delayed, now.leased, now.dead);
    if (!may_remove(options.removal, face.terminal, face.globals.json(), question, status)) return status;
    if (const Status removed = client.remove_queue(options.name, options.force); !removed) {
      return face.refuse(removed.error());
    }
  }
  face.printer.record(Json{{"queue", options.name},
                           {"removed", !options.removal.dry_run},
                           {"dry_run", options.removal.dry_run},
                           {"ready", now.ready},
                           {"delayed", now.delayed},
                           {"leased", now.leased},
                           {"dead", now.dead}});
  return exit_ok;
}

void add_policy_flags(CLI::App& app, const SharedQueueOptions& options) {
  add_fields<QueueChange>(app, policy_fields(), "Policy",
                          [options](const Field<QueueChange>& field, const Value& value) { field.set(options->change, value); });
}

void add_policy_commands(CLI::App& noun, Invocation& invocation) {
  const auto create = std::make_shared<QueueOptions>();
  CLI::App* app =
      add_queue_act(noun, invocation, create, "create", "make a queue; the same again is fine, another policy is an error",
                    detail_view(), [](Client& client, const QueueOptions& o, const Face& face) {
                      if (o.ensure) return print_one(client.ensure_queue(o.name, o.change), face, "ensured");
                      return print_one(client.create_queue(o.name, with_changes(QueuePolicy{}, o.change)), face, "made");
                    });
  app->add_flag("--ensure", create->ensure, "change an existing queue to the policy given instead of refusing");
  add_policy_flags(*app, create);

  const auto set = std::make_shared<QueueOptions>();
  app = add_queue_act(noun, invocation, set, "set", "change the policy of a queue; only what is given changes", detail_view(),
                      [](Client& client, const QueueOptions& o, const Face& face) {
                        return print_one(client.set_queue(o.name, o.change), face, "changed");
                      });
  add_policy_flags(*app, set);
  app->parse_complete_callback([app] {
    const auto given =
        app->get_options([](const CLI::Option* option) { return option->get_group() == "Policy" && option->count() > 0; });
    if (given.empty()) throw CLI::RequiredError("at least one policy option");
  });
}

}  // namespace

void add_queue(CLI::App& root, Invocation& invocation) {
  CLI::App* noun = root.add_subcommand("queue", "make, see, change and remove queues");
  noun->require_subcommand(1);
  add_policy_commands(*noun, invocation);

  CLI::App* ls = add_command(*noun, invocation, "ls", "all queues, one a line");
  ls->callback([&invocation] {
    invocation.act = [&globals = invocation.globals](Terminal& terminal) -> int {
      return with_client(globals, terminal, queue_view(), list_all);
    };
  });

  const auto plain = [&](const std::string& word, const std::string& what, QueueAct act) {
    add_queue_act(*noun, invocation, std::make_shared<QueueOptions>(), word, what, detail_view(), std::move(act));
  };
  plain("info", "one queue: counts, policy, groups", [](Client& client, const QueueOptions& o, const Face& face) {
    tell_clock(client, face);
    return print_one(client.queue_info(o.name), face, "");
  });
  plain("pause", "take publishes, hand nothing out", [](Client& client, const QueueOptions& o, const Face& face) {
    return print_one(client.set_queue(o.name, {.paused = true}), face, "paused");
  });
  plain("resume", "hand messages out again", [](Client& client, const QueueOptions& o, const Face& face) {
    return print_one(client.set_queue(o.name, {.paused = false}), face, "resumed");
  });

  const auto purge_options = std::make_shared<QueueOptions>();
  add_removal(*add_queue_act(*noun, invocation, purge_options, "purge",
                             "discard what is ready or delayed; leased messages and dead letters stay", purge_columns, purge),
              purge_options->removal);
  const auto rm_options = std::make_shared<QueueOptions>();
  CLI::App* rm = add_queue_act(*noun, invocation, rm_options, "rm", "remove a queue", rm_columns, remove_one);
  add_removal(*rm, rm_options->removal);
  rm->add_flag("--force", rm_options->force, "also when it still holds messages: they are discarded, dead letters included");
}

}  // namespace ackwire::cli
