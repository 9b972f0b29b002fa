#include "app.hpp"

#include <CLI/CLI.hpp>

#include "ackwire/version.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "session.hpp"
#include "text.hpp"

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
  add_stats(*app, invocation);
  add_verify(*app, invocation);
  add_bench(*app, invocation);
  add_version(*app, invocation);
  return app;
}

int run(std::vector<std::string> arguments, Terminal& terminal) {
  Invocation invocation;
  const auto app = make_app(invocation);
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
    const std::string command = path(named(*app));
    terminal.line(fmt::format("ackwire: usage: {}", printable(error.what())));
    terminal.line(fmt::format("  next: `{} --help` shows what it takes; nothing was done", command));
    return exit_usage;
  }
  if (invocation.globals.no_colour) terminal.colour = false;
  terminal.quiet = invocation.globals.quiet;
  const int status = invocation.act(terminal);
  if (!terminal.flush() && !terminal.reader_gone && status == exit_ok) return exit_error;
  return status;
}

}  // namespace ackwire::cli
