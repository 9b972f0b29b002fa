// Options of the command line that several commands share, bound to CLI11. A bad value is a usage error that says what was meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "frame/app.hpp"
#include "settings/fields.hpp"

namespace ackwire::cli {

/// A command with the options that every command has. `name` may be a word under a noun.
CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name, const std::string& what);

/// --endpoint, --output, --columns, --timeout, --no-color, --quiet.
void add_globals(CLI::App& app, Globals& globals);

CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration& out, const std::string& help,
                          Duration least = Duration{0}, Duration most = Duration{std::chrono::hours{24 * 3653}});
CLI::Option* add_count(CLI::App& app, const std::string& name, std::uint64_t& out, const std::string& help, std::uint64_t least,
                       std::uint64_t most);
CLI::Option* add_bytes(CLI::App& app, const std::string& name, std::uint64_t& out, const std::string& help, std::uint64_t least,
                       std::uint64_t most);
/// A list given by repeating the option, one value each.
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<std::string>& out, const std::string& help);

/// --yes and --dry-run of a command that removes something.
struct Removal {
  bool yes = false;
  bool dry_run = false;
};
void add_removal(CLI::App& app, Removal& removal);
/// --dry-run alone, for what removes nothing.
void add_dry_run(CLI::App& app, Removal& removal);

/// True: go on. Without --yes it asks on a terminal; without a terminal it is a usage error and `status` is set.
bool may_remove(const Removal& removal, Terminal& terminal, bool json, const std::string& question, int& status);

/// "max_attempts" as the flag "--max-attempts".
std::string flag_name(std::string_view field);

/// One flag for each field of a table; `given` is called with each that is on the command line.
template <class Target>
void add_fields(CLI::App& app, std::span<const Field<Target>> fields, const std::string& group,
                const std::function<void(const Field<Target>&, const Value&)>& given) {
  for (const Field<Target>& field : fields) {
    if (field.setting.unit == Unit::flag) {
      app.add_flag_callback(
             flag_name(field.name()), [&field, given] { given(field, Value{true}); }, field.help)
          ->group(group);
      continue;
    }
    app.add_option_function<std::string>(
           flag_name(field.name()),
           [&field, given](const std::string& text) {
             const auto value = parse_value(text, field.setting);
             if (!value) throw CLI::ValidationError(flag_name(field.name()), value.error().message);
             given(field, *value);
           },
           field.help)
        ->group(group)
        ->type_name(field.setting.unit == Unit::duration ? "DURATION"
                    : field.setting.unit == Unit::bytes  ? "SIZE"
                                                         : "VALUE");
  }
}

}  // namespace ackwire::cli
