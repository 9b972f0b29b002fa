#include "frame/app.hpp"

#include <CLI/CLI.hpp>
#include <cstring>

#include "ackwire/version.hpp"
#include "command/commands.hpp"
#include "frame/complete.hpp"
#include "frame/exit_code.hpp"
#include "frame/nearest.hpp"
#include "frame/session.hpp"
#include "output/text.hpp"

namespace ackwire::cli {
namespace {

/// The innermost command that was named, for the usage line.
const CLI::App* named(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? &app : named(*below.front());
}

std::string path(const CLI::App* app) {
  std::string out = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) out = up->get_name() + " " + out;
  return out;
}

bool wants_json(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& text = arguments[i];
    if (text == "-ojson" || text == "-ojsonl" || text == "--output=json" || text == "--output=jsonl") return true;
    const bool named = text == "-o" || text == "--output";
    if (named && i + 1 < arguments.size() && arguments[i + 1].starts_with("json")) return true;
  }
  return false;
}

/// The first word that is neither a command nor an option, when a command is missing; "" otherwise.
std::string stray_word(const CLI::App* app, const std::vector<std::string>& arguments) {
  for (const std::string& text : arguments) {
    if (text.starts_with("-")) return {};
    const auto all = app->get_subcommands([](const CLI::App*) { return true; });
    if (all.empty()) return {};
    const auto below = std::find_if(all.begin(), all.end(), [&](const CLI::App* one) { return one->get_name() == text; });
    if (below == all.end()) return text;
    app = *below;
  }
  return {};
}

/// What is wrong with the command line, with the nearest thing that would be right.
std::string explain(const CLI::ParseError& error, const CLI::App* command, const std::vector<std::string>& arguments,
                    const CLI::App& root) {
  std::vector<std::string> names;
  const auto nearest_of = [&names](const std::string& word) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    return did_you_mean(word, views);
  };
  if (const std::string word = stray_word(&root, arguments); !word.empty()) {
    for (const CLI::App* below : command->get_subcommands([](const CLI::App*) { return true; })) names.push_back(below->get_name());
    return fmt::format("there is no command \"{}\"{}; there are: {}", word, nearest_of(word), fmt::join(names, ", "));
  }
  // An option that is not there is the cause of whatever else is missing then.
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const std::string& text : arguments) {
    if (text == "--") break;
    const std::string word = text.substr(0, text.find('='));
    if (word.starts_with("--") && command->get_option_no_throw(word) == nullptr)
      return fmt::format("there is no option {}{}", word, nearest_of(word));
  }
  return error.what();
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Invocation& invocation) {
  auto app = std::make_unique<CLI::App>("A durable queue with an acknowledgement for everything.", "ackwire");
  app->require_subcommand(1);
  app->get_formatter()->column_width(34);
  app->set_version_flag("--version", std::string("ackwire ") + std::string(version()));
  app->footer(
      "Exit status: 0 ok, 1 error, 2 usage, 3 not found, 4 not allowed, 5 done in part, 6 no answer in time;\n"
      "serve also 74 (the store failed) and 78 (settings or store cannot be used).");
  add_globals(*app, invocation.globals);
  add_serve(*app, invocation);
  add_queue(*app, invocation);
  add_group(*app, invocation);
  add_pub(*app, invocation);
  add_sub(*app, invocation);
  add_peek(*app, invocation);
  add_dlq(*app, invocation);
  add_job(*app, invocation);
  add_stats(*app, invocation);
  add_request(*app, invocation);
  add_backup(*app, invocation);
  add_restore(*app, invocation);
  add_verify(*app, invocation);
  add_compact(*app, invocation);
  add_bench(*app, invocation);
  add_version(*app, invocation);
  return app;
}

int run(std::vector<std::string> arguments, Terminal& terminal) {
  if (!arguments.empty() && arguments.front() == complete_word) {
    complete({arguments.begin() + 1, arguments.end()}, terminal);
    return exit_ok;
  }
  Invocation invocation;
  const auto app = make_app(invocation);
  const std::vector<std::string> given = arguments;
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app->parse(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version: an answer, not an error
      std::ostringstream text, ignored;
      app->exit(error, text, ignored);
      terminal.write(text.str());
      return terminal.flush() ? exit_ok : exit_error;
    }
    const CLI::App* command = named(*app);
    report_usage(terminal, explain(error, command, given, *app), fmt::format("`{} --help` shows what it takes", path(command)),
                 wants_json(given));
    return exit_usage;
  }
  if (invocation.globals.no_colour) terminal.colour = false;
  terminal.quiet = invocation.globals.quiet;
  const int status = invocation.act(terminal);
  if (terminal.flush() || terminal.reader_gone) return status;
  report(terminal,
         {Errc::io, fmt::format("the answer could not be written in full ({}). The command itself was carried out; messages that "
                                "`sub` could not write went back to their group.",
                                std::strerror(terminal.write_error))},
         invocation.globals.json());
  return status == exit_ok ? exit_error : status;
}

}  // namespace ackwire::cli
