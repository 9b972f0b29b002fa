// ackwire group create|ls|pause|resume|rm
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/describe.hpp"

namespace ackwire::cli {
namespace {

struct GroupOptions {
  std::string queue, group;
  bool from_oldest = false;
  Removal removal;
};
using SharedGroupOptions = std::shared_ptr<GroupOptions>;

constexpr std::array<Column, 6> change_columns{
    {{"queue"}, {"group"}, {"done"}, {"messages", Cell::number}, {"dead", Cell::number}, {"dry_run"}}};

/// `messages` and `dead` are what the group holds, or held when it was removed.
int print(const Face& face, const GroupOptions& options, std::string_view done, std::uint64_t messages = 0,
          std::uint64_t dead = 0) {
  face.printer.record(Json{{"queue", options.queue},
                           {"group", options.group},
                           {"done", done},
                           {"messages", messages},
                           {"dead", dead},
                           {"dry_run", options.removal.dry_run}});
  return exit_ok;
}

int create(Client& client, const GroupOptions& options, const Face& face) {
  if (const Status made = client.create_group(options.queue, options.group, options.from_oldest); !made)
    return face.refuse(made.error());
  return print(face, options, "made");
}

int list(Client& client, const GroupOptions& options, const Face& face) {
  const auto info = client.queue_info(options.queue);
  if (!info) return face.refuse(info.error());
  std::vector<Json> rows;
  for (const GroupInfo& group : info->groups) rows.push_back(describe(group));
  face.printer.rows(rows);
  return exit_ok;
}

int remove(Client& client, const GroupOptions& options, const Face& face) {
  const auto info = client.queue_info(options.queue);
  if (!info) return face.refuse(info.error());
  const auto group =
      std::find_if(info->groups.begin(), info->groups.end(), [&](const GroupInfo& g) { return g.name == options.group; });
  if (group == info->groups.end()) {
    return face.refuse(
        {Errc::no_group, fmt::format("Queue \"{}\" has no group \"{}\". Nothing was changed.", options.queue, options.group)});
  }
  const std::uint64_t messages = group->ready + group->delayed + group->leased;
  if (options.removal.dry_run) return print(face, options, "nothing", messages, group->dead);
  int status = exit_ok;
  const auto question = fmt::format("Remove group \"{}\" of \"{}\" with {} ready, {} delayed, {} leased and {} dead messages?",
                                    options.group, options.queue, group->ready, group->delayed, group->leased, group->dead);
  if (!may_remove(options.removal, face.terminal, face.globals.json(), question, status)) return status;
  if (const Status removed = client.remove_group(options.queue, options.group); !removed) return face.refuse(removed.error());
  return print(face, options, "removed", messages, group->dead);
}

int pause(Client& client, const GroupOptions& options, const Face& face) {
  const Status paused = client.pause_group(options.queue, options.group);
  return paused ? print(face, options, "paused") : face.refuse(paused.error());
}

int resume(Client& client, const GroupOptions& options, const Face& face) {
  const Status resumed = client.resume_group(options.queue, options.group);
  return resumed ? print(face, options, "resumed") : face.refuse(resumed.error());
}

using GroupAct = int (*)(Client&, const GroupOptions&, const Face&);

CLI::App* add_group_act(CLI::App& noun, Invocation& invocation, const SharedGroupOptions& options, const std::string& word,
                        const std::string& what, View view, GroupAct act) {
  CLI::App* app = add_command(noun, invocation, word, what);
  app->add_option("QUEUE", options->queue, "the queue")->required();
  app->callback([&invocation, options, view, act] {
    invocation.act = [&globals = invocation.globals, options, view, act](Terminal& terminal) -> int {
      return with_client(globals, terminal, view, [&](Client& client, const Face& face) { return act(client, *options, face); });
    };
  });
  return app;
}

}  // namespace

void add_group(CLI::App& root, Invocation& invocation) {
  CLI::App* noun = root.add_subcommand("group", "consumer groups of a queue: each sees every message once");
  noun->require_subcommand(1);

  const auto make = std::make_shared<GroupOptions>();
  CLI::App* app =
      add_group_act(*noun, invocation, make, "create", "make a group that starts behind the last message", change_columns, create);
  app->add_option("GROUP", make->group, "the new group")->required();
  app->add_flag("--from-oldest", make->from_oldest, "start at the oldest message that is kept instead");

  add_group_act(*noun, invocation, std::make_shared<GroupOptions>(), "ls", "the groups of a queue, one a line", group_view(), list);

  const auto held = std::make_shared<GroupOptions>();
  app = add_group_act(*noun, invocation, held, "pause", "take publishes, hand this group nothing", change_columns, pause);
  app->add_option("GROUP", held->group, "the group")->required();
  app = add_group_act(*noun, invocation, held, "resume", "hand this group messages again", change_columns, resume);
  app->add_option("GROUP", held->group, "the group")->required();

  const auto drop = std::make_shared<GroupOptions>();
  app = add_group_act(*noun, invocation, drop, "rm", "remove a group with what waits for it", change_columns, remove);
  app->add_option("GROUP", drop->group, "the group")->required();
  add_removal(*app, drop->removal);
}

}  // namespace ackwire::cli
