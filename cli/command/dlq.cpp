// ackwire dlq ls|show|redrive|discard
#include "ackwire/limits.hpp"

#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/describe.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

struct DlqOptions {
  std::string queue;
  std::string group = "default";
  std::uint64_t sequence = 0;  // of show
  std::uint64_t from = 0;
  std::uint64_t count = 100;
  DeadFilter filter;
  bool all = false;
  Removal removal;
};
using SharedDlqOptions = std::shared_ptr<DlqOptions>;
using DlqAct = int (*)(Client&, const DlqOptions&, const Face&);

constexpr std::array<Column, 5> moved_columns{{{"queue"}, {"group"}, {"moved", Cell::number}, {"not_found"}, {"dry_run"}}};

int list(Client& client, const DlqOptions& options, const Face& face) {
  std::vector<Json> rows;
  std::uint64_t from = options.from;
  while (rows.size() < options.count) {
    const auto want = static_cast<std::uint32_t>(std::min<std::uint64_t>(options.count - rows.size(), limits::page_messages));
    const auto page = client.dead_letters(options.queue, options.group, from, want, options.filter);
    if (!page) return face.refuse(page.error());
    for (const DeadLetter& letter : page->letters) rows.push_back(describe(letter));
    if (page->next == 0) break;
    from = page->next;
    if (rows.size() >= options.count) {
      face.terminal.say("ackwire: there may be more; go on with --from {}, or ask for more with --count", from);
    }
  }
  face.printer.rows(rows);
  return exit_ok;
}

int show(Client& client, const DlqOptions& options, const Face& face) {
  const DeadFilter filter{.reason = {}, .sequences = {options.sequence}};
  const auto page = client.dead_letters(options.queue, options.group, options.sequence, 1, filter, limits::message_bytes);
  if (!page) return face.refuse(page.error());
  if (page->letters.empty() || page->letters.front().sequence != options.sequence) {
    return face.refuse(
        {Errc::not_found,
         fmt::format("No dead letter {} in group \"{}\" of \"{}\". Nothing was changed; `ackwire dlq ls` shows what there is.",
                     options.sequence, options.group, options.queue)});
  }
  face.printer.record(describe(page->letters.front()));
  return exit_ok;
}

/// What a redrive or discard would move, found by reading.
Result<DeadMoved> count_matching(Client& client, const DlqOptions& options) {
  DeadMoved out;
  std::vector<std::uint64_t> left = options.filter.sequences;
  std::uint64_t from = 0;
  do {
    const auto page = client.dead_letters(options.queue, options.group, from, limits::page_messages, options.filter, 0);
    if (!page) return page.error();
    out.moved += page->letters.size();
    for (const DeadLetter& letter : page->letters) std::erase(left, letter.sequence);
    from = page->next;
  } while (from != 0);
  out.not_found = std::move(left);
  return out;
}

int print_moved(const Result<DeadMoved>& moved, const DlqOptions& options, const Face& face) {
  if (!moved) return face.refuse_rest(moved.error());
  face.printer.record(Json{{"queue", options.queue},
                           {"group", options.group},
                           {"moved", moved->moved},
                           {"not_found", moved->not_found},
                           {"dry_run", options.removal.dry_run}});
  if (moved->not_found.empty()) return exit_ok;
  report(face.terminal, {Errc::not_found, fmt::format("no dead letter with sequence {}", fmt::join(moved->not_found, ", "))},
         face.globals.json());
  return moved->moved == 0 ? exit_not_found : exit_partial;
}

int redrive(Client& client, const DlqOptions& options, const Face& face) {
  if (options.removal.dry_run) return print_moved(count_matching(client, options), options, face);
  return print_moved(client.redrive(options.queue, options.group, options.filter), options, face);
}

int discard(Client& client, const DlqOptions& options, const Face& face) {
  const auto matching = count_matching(client, options);
  if (options.removal.dry_run || !matching) return print_moved(matching, options, face);
  int status = exit_ok;
  const auto question = fmt::format("Delete {} dead letters of \"{}\" for good?", matching->moved, options.queue);
  if (!may_remove(options.removal, face.terminal, face.globals.json(), question, status)) return status;
  return print_moved(client.discard(options.queue, options.group, options.filter), options, face);
}

void add_filter(CLI::App& app, DeadFilter& filter) {
  app.add_option_function<std::string>(
         "--reason",
         [&filter](const std::string& text) {
           for (const auto reason : {DeadReason::max_attempts, DeadReason::rejected, DeadReason::expired, DeadReason::damaged}) {
             if (name(reason) == text) filter.reason = reason;
           }
           if (!filter.reason)
             throw CLI::ValidationError("--reason", "\"" + text + "\" is not one of max_attempts, rejected, expired, damaged");
         },
         "only those with this reason: max_attempts, rejected, expired, damaged")
      ->type_name("REASON");
  app.add_option_function<std::vector<std::string>>(
         "--sequence",
         [&filter](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const auto value = parse_count(text);
             if (!value) throw CLI::ValidationError("--sequence", value.error().message);
             filter.sequences.push_back(*value);
           }
           if (filter.sequences.size() > limits::page_messages) {
             throw CLI::ValidationError("--sequence", fmt::format("at most {} at once", limits::page_messages));
           }
         },
         "only these; repeat it, or separate with commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("N");
}

CLI::App* add_dlq_act(CLI::App& noun, Invocation& invocation, const SharedDlqOptions& options, const std::string& word,
                      const std::string& what, View view, DlqAct act, bool chooses) {
  CLI::App* app = add_command(noun, invocation, word, what);
  app->add_option("QUEUE", options->queue, "the queue")->required();
  app->add_option("--group", options->group, "the group (default \"default\")")->type_name("GROUP");
  app->callback([&invocation, options, view, act, chooses] {
    const bool filtered = options->filter.reason || !options->filter.sequences.empty();
    if (chooses && filtered == options->all) throw CLI::ValidationError("which", "give --all, or --reason and/or --sequence");
    invocation.act = [&globals = invocation.globals, options, view, act](Terminal& terminal) -> int {
      return with_client(globals, terminal, view, [&](Client& client, const Face& face) { return act(client, *options, face); });
    };
  });
  return app;
}

}  // namespace

void add_dlq(CLI::App& root, Invocation& invocation) {
  CLI::App* noun = root.add_subcommand("dlq", "dead letters: see them, bring them back, discard them");
  noun->require_subcommand(1);

  const auto ls = std::make_shared<DlqOptions>();
  CLI::App* app = add_dlq_act(*noun, invocation, ls, "ls", "dead letters by sequence", dead_view(), list, false);
  add_filter(*app, ls->filter);
  add_count(*app, "--from", ls->from, "first sequence to show", 0, 1ull << 52);
  add_count(*app, "-n,--count", ls->count, "how many at most (default 100)", 1, 1'000'000);

  const auto one = std::make_shared<DlqOptions>();
  app = add_dlq_act(*noun, invocation, one, "show", "one dead letter with its whole history", dead_detail_view(), show, false);
  add_count(*app, "SEQUENCE", one->sequence, "its sequence", 1, 1ull << 52)->required();

  const auto back = std::make_shared<DlqOptions>();
  app = add_dlq_act(*noun, invocation, back, "redrive", "back to their group, same sequence and key, attempts counted from 0",
                    moved_columns, redrive, true);
  add_filter(*app, back->filter);
  app->add_flag("--all", back->all, "all of the group");
  add_dry_run(*app, back->removal);
  app->add_flag("--yes", back->removal.yes, "taken for scripts that always give it: a redrive removes nothing and never asks");

  const auto drop = std::make_shared<DlqOptions>();
  app = add_dlq_act(*noun, invocation, drop, "discard", "delete for good", moved_columns, discard, true);
  add_filter(*app, drop->filter);
  app->add_flag("--all", drop->all, "all of the group");
  add_removal(*app, drop->removal);
}

}  // namespace ackwire::cli
