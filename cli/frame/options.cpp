#include "frame/options.hpp"

#include <map>

#include "frame/exit_code.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

constexpr const char* common = "Common options";

CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint64_t& out, const std::string& help, Unit unit,
                        std::uint64_t least, std::uint64_t most) {
  return app.add_option_function<std::string>(
      name,
      [&out, name, unit, least, most](const std::string& text) {
        const auto value = parse_value(text, Setting{name, unit, static_cast<double>(least), static_cast<double>(most)});
        if (!value) throw CLI::ValidationError(name, value.error().message);
        out = std::get<std::uint64_t>(*value);
      },
      help);
}

}  // namespace

std::string flag_name(std::string_view field) {
  std::string out = "--";
  for (const char c : field) out += c == '_' ? '-' : c;
  return out;
}

void add_globals(CLI::App& app, Globals& globals) {
  static const std::map<std::string, Format> formats{
      {"table", Format::table}, {"json", Format::json}, {"jsonl", Format::jsonl}, {"plain", Format::plain}};
  app.add_option("--endpoint", globals.endpoint, "broker to talk to (ACKWIRE_ENDPOINT; default tcp://127.0.0.1:7733)")
      ->type_name("ENDPOINT")
      ->group(common);
  app.add_option_function<std::string>(
         "-o,--output",
         [&globals](const std::string& text) {
           const auto found = formats.find(text);
           if (found == formats.end())
             throw CLI::ValidationError("--output", "\"" + text + "\" is not one of table, json, jsonl, plain");
           globals.output = found->second;
         },
         "table, json, jsonl or plain (default table)")
      ->type_name("FORMAT")
      ->group(common);
  app.add_option("--columns", globals.columns, "fields to show, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES")
      ->group(common);
  add_duration(app, "--timeout", globals.timeout,
               "longest wait for each answer of the broker (default 30s); for the connection, 5s of it at most", Duration{1},
               Duration{std::chrono::hours{24}})
      ->group(common);
  app.add_flag("--no-color,--no-colour", globals.no_colour, "no colour (also NO_COLOR)")->group(common);
  app.add_flag("-q,--quiet", globals.quiet, "nothing but data and errors")->group(common);
}

CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name, const std::string& what) {
  CLI::App* app = parent.add_subcommand(name, what);
  add_globals(*app, invocation.globals);
  return app;
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration& out, const std::string& help, Duration least,
                          Duration most) {
  return app
      .add_option_function<std::string>(
          name,
          [&out, name, least, most](const std::string& text) {
            const auto value = parse_value(
                text, Setting{name, Unit::duration, static_cast<double>(least.count()), static_cast<double>(most.count())});
            if (!value) throw CLI::ValidationError(name, value.error().message);
            out = std::get<Duration>(*value);
          },
          help)
      ->type_name("DURATION");
}

CLI::Option* add_count(CLI::App& app, const std::string& name, std::uint64_t& out, const std::string& help, std::uint64_t least,
                       std::uint64_t most) {
  return add_number(app, name, out, help, Unit::count, least, most)->type_name("N");
}

CLI::Option* add_bytes(CLI::App& app, const std::string& name, std::uint64_t& out, const std::string& help, std::uint64_t least,
                       std::uint64_t most) {
  return add_number(app, name, out, help, Unit::bytes, least, most)->type_name("SIZE");
}

CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<std::string>& out, const std::string& help) {
  return app.add_option(name, out, help)->allow_extra_args(false);
}

void add_removal(CLI::App& app, Removal& removal) {
  app.add_flag("--yes", removal.yes, "do not ask; needed without a terminal");
  add_dry_run(app, removal);
}

void add_dry_run(CLI::App& app, Removal& removal) {
  app.add_flag("--dry-run", removal.dry_run, "only say how many it would be; change nothing");
}

bool may_remove(const Removal& removal, Terminal& terminal, bool json, const std::string& question, int& status) {
  if (removal.yes) return true;
  if (!terminal.can_ask()) {
    report_usage(terminal, "this removes something and there is no terminal to ask on",
                 "repeat it with --yes, or see the count with --dry-run", json);
    status = exit_usage;
    return false;
  }
  if (terminal.confirm(question)) return true;
  terminal.line("ackwire: not confirmed; nothing was changed");
  status = exit_error;
  return false;
}

}  // namespace ackwire::cli
