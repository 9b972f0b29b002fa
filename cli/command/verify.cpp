// ackwire verify DIR: the offline check of a store.
#include "ackwire/broker.hpp"

#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/text.hpp"

namespace ackwire::cli {
namespace {

constexpr std::array<Column, 12> verify_columns{{
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
    {"repaired", Cell::text, false},
}};

Json describe(const std::string& directory, const VerifyReport& report) {
  return Json{{"directory", directory},
              {"sound", report.problems.empty()},
              {"queues", report.queues},
              {"groups", report.groups},
              {"blocks", report.blocks},
              {"messages", report.messages},
              {"delayed", report.delayed},
              {"dead", report.dead},
              {"dedupe_keys", report.dedupe_keys},
              {"bytes", report.bytes},
              {"problems", report.problems}};
}

void tell_problems(const VerifyReport& report, const Face& face) {
  for (const std::string& problem : report.problems) face.terminal.line(fmt::format("ackwire: problem: {}", printable(problem)));
}

int check_store(const std::string& directory, const Face& face) {
  const auto report = verify(directory);
  if (!report) return face.refuse(report.error());
  face.printer.record(describe(directory, *report));
  if (report->problems.empty()) return exit_ok;
  tell_problems(*report, face);
  face.terminal.line(fmt::format("ackwire: {} problems; the store was not changed", report->problems.size()));
  face.terminal.line("  next: keep a copy of the directory, then let `ackwire verify --repair` mend what can be mended");
  return exit_error;
}

int repair_store(const std::string& directory, const Face& face) {
  const auto report = repair(directory);
  if (!report) return face.refuse(report.error());
  Json record = describe(directory, report->after);
  record["repaired"] = report->done;
  face.printer.record(record);
  for (const std::string& line : report->done) face.terminal.line(fmt::format("ackwire: repaired: {}", printable(line)));
  face.terminal.line(report->done.empty() ? "ackwire: there was nothing to repair; the store was not changed"
                                          : fmt::format("ackwire: {} repairs, stored together", report->done.size()));
  if (report->after.problems.empty()) return exit_ok;
  tell_problems(report->after, face);
  face.terminal.line(fmt::format("ackwire: {} problems are left", report->after.problems.size()));
  face.terminal.line("  next: put a backup in its place, or go on without what is named");
  return exit_error;
}

}  // namespace

void add_verify(CLI::App& root, Invocation& invocation) {
  auto directory = std::make_shared<std::string>();
  auto mend = std::make_shared<bool>(false);
  CLI::App* app =
      add_command(root, invocation, "verify", "check a store that no broker has open: every checksum, counter and index");
  app->add_option("DIR", *directory, "directory of the store")->required();
  app->add_flag("--repair", *mend,
                "mend what can be mended, in one transaction, and say what was done;\n"
                "damaged messages become dead letters. Keep a copy of the directory first");
  app->callback([&invocation, directory, mend] {
    invocation.act = [&globals = invocation.globals, directory, mend](Terminal& terminal) {
      return with_face(globals, terminal, verify_columns,
                       [&](const Face& face) { return *mend ? repair_store(*directory, face) : check_store(*directory, face); });
    };
  });
}

}  // namespace ackwire::cli
