// ackwire verify DIR: the offline check of a store.
#include "ackwire/broker.hpp"

#include "commands.hpp"
#include "exit_code.hpp"
#include "session.hpp"
#include "text.hpp"

namespace ackwire::cli {
namespace {

constexpr std::array<Column, 11> columns{{
    {"directory"},
    {"sound"},
    {"queues", Cell::number},
    {"groups", Cell::number},
    {"blocks", Cell::number},
    {"messages", Cell::number},
    {"delayed", Cell::number},
    {"dead", Cell::number},
    {"dedupe_keys", Cell::number},
    {"bytes", Cell::bytes},
    {"problems", Cell::text, false},
}};

int check_store(const std::string& directory, const Face& face) {
  const auto report = verify(directory);
  if (!report) return face.refuse(report.error());
  face.printer.record(Json{{"directory", directory},
                           {"sound", report->problems.empty()},
                           {"queues", report->queues},
                           {"groups", report->groups},
                           {"blocks", report->blocks},
                           {"messages", report->messages},
                           {"delayed", report->delayed},
                           {"dead", report->dead},
                           {"dedupe_keys", report->dedupe_keys},
                           {"bytes", report->bytes},
                           {"problems", report->problems}});
  if (report->problems.empty()) return exit_ok;
  for (const std::string& problem : report->problems) face.terminal.line(fmt::format("ackwire: problem: {}", printable(problem)));
  face.terminal.line(fmt::format("ackwire: {} problems; the store was not changed", report->problems.size()));
  face.terminal.line("  next: keep a copy of the directory before anything else");
  return exit_error;
}

}  // namespace

void add_verify(CLI::App& root, Invocation& invocation) {
  auto directory = std::make_shared<std::string>();
  CLI::App* app =
      add_command(root, invocation, "verify", "check a store that no broker has open: every checksum, counter and index");
  app->add_option("DIR", *directory, "directory of the store")->required();
  app->callback([&invocation, directory] {
    invocation.act = [&globals = invocation.globals, directory](Terminal& terminal) {
      return with_face(globals, terminal, columns, [&](const Face& face) { return check_store(*directory, face); });
    };
  });
}

}  // namespace ackwire::cli
