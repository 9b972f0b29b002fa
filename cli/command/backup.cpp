// ackwire backup DIR TO, ackwire restore FROM DIR: copies of a store, made while it is served, and put back.
#include "ackwire/broker.hpp"
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/text.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

constexpr double rate_most = 1ull << 50;

constexpr std::array<Column, 9> backup_columns{{
    {"directory"},
    {"to"},
    {"time"},
    {"rows", Cell::number},
    {"bytes", Cell::bytes},
    {"written_bytes", Cell::bytes},
    {"passes", Cell::number},
    {"took_ms", Cell::milliseconds},
    {"longest_read_ms", Cell::milliseconds},
}};

constexpr std::array<Column, 10> restore_columns{{
    {"from"},
    {"directory"},
    {"time"},
    {"queues", Cell::number},
    {"messages", Cell::number},
    {"delayed", Cell::number},
    {"in_flight", Cell::number},
    {"dead", Cell::number},
    {"bytes", Cell::bytes},
    {"problems", Cell::text, false},
}};

int make_backup(const std::string& directory, const std::string& to, const BackupOptions& options, const Face& face) {
  if (directory.find("://") != std::string::npos) {
    return misuse(face.terminal, "backup takes the directory of the store, not an endpoint: it reads the files beside the broker",
                  face.globals.json());
  }
  const auto report = backup(directory, to, options);
  if (!report) return face.refuse(report.error());
  face.printer.record(Json{{"directory", directory},
                           {"to", to},
                           {"time", format_time(report->time)},
                           {"rows", report->rows},
                           {"bytes", report->bytes},
                           {"written_bytes", report->written_bytes},
                           {"passes", report->passes},
                           {"took_ms", report->took.count()},
                           {"longest_read_ms", report->longest_read.count()}});
  return exit_ok;
}

int put_back(const std::string& from, const std::string& directory, const Face& face) {
  const auto report = restore(from, directory);
  if (!report) return face.refuse(report.error());
  const VerifyReport& found = report->found;
  face.printer.record(Json{{"from", from},
                           {"directory", directory},
                           {"time", format_time(report->time)},
                           {"queues", found.queues},
                           {"messages", found.messages},
                           {"delayed", found.delayed},
                           {"in_flight", found.in_flight},
                           {"dead", found.dead},
                           {"bytes", found.bytes},
                           {"problems", found.problems}});
  if (!found.problems.empty()) {
    for (const std::string& problem : found.problems) face.terminal.line(fmt::format("ackwire: problem: {}", printable(problem)));
    face.terminal.line(fmt::format("ackwire: {} problems in {}; nothing was restored", found.problems.size(), printable(from)));
    face.terminal.line("  next: restore another copy");
    return exit_error;
  }
  face.terminal.say(
      "ackwire: restored as of {}: {} messages were in flight and are delivered again, and so is what was acked since; "
      "what was published since is not there",
      format_time(report->time), found.in_flight);
  return exit_ok;
}

}  // namespace

void add_backup(CLI::App& root, Invocation& invocation) {
  struct Options {
    std::string directory, to;
    BackupOptions backup;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* app = add_command(root, invocation, "backup", "copy a store, also while a broker serves it");
  app->add_option("DIR", options->directory, "directory of the store")->required();
  app->add_option("TO", options->to, "directory to make; an earlier try that was cut is continued")->required();
  add_bytes(*app, "--bytes-per-second", options->backup.bytes_per_second, "written at most, 0 = as fast as it goes (default 64MiB)",
            0, static_cast<std::uint64_t>(rate_most));
  app->callback([&invocation, options] {
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) {
      return with_face(globals, terminal, backup_columns,
                       [&](const Face& face) { return make_backup(options->directory, options->to, options->backup, face); });
    };
  });
}

void add_restore(CLI::App& root, Invocation& invocation) {
  struct Options {
    std::string from, directory;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* app = add_command(root, invocation, "restore", "check a backup and make a store of it");
  app->add_option("FROM", options->from, "directory of the backup")->required();
  app->add_option("DIR", options->directory, "directory to make")->required();
  app->callback([&invocation, options] {
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) {
      return with_face(globals, terminal, restore_columns,
                       [&](const Face& face) { return put_back(options->from, options->directory, face); });
    };
  });
}

}  // namespace ackwire::cli
