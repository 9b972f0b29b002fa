// ackwire compact DIR: gives the free pages of a store back to the disk.
#include "ackwire/compact.hpp"

#include "command/commands.hpp"
#include "frame/session.hpp"

namespace ackwire::cli {
namespace {

constexpr std::array<Column, 4> compact_columns{
    {{"directory"}, {"bytes_before", Cell::bytes}, {"bytes_after", Cell::bytes}, {"bytes_freed", Cell::bytes}}};

int compact_store(const std::string& directory, const Face& face) {
  const auto report = compact(directory);
  if (!report) return face.refuse(report.error());
  face.printer.record(Json{{"directory", directory},
                           {"bytes_before", report->bytes_before},
                           {"bytes_after", report->bytes_after},
                           {"bytes_freed", report->bytes_freed()}});
  return 0;
}

}  // namespace

void add_compact(CLI::App& root, Invocation& invocation) {
  auto directory = std::make_shared<std::string>();
  CLI::App* app =
      add_command(root, invocation, "compact", "give the free pages of a store that no broker has open back to the disk");
  app->add_option("DIR", *directory, "directory of the store")->required();
  app->callback([&invocation, directory] {
    invocation.act = [&globals = invocation.globals, directory](Terminal& terminal) {
      return with_face(globals, terminal, compact_columns, [&](const Face& face) { return compact_store(*directory, face); });
    };
  });
}

}  // namespace ackwire::cli
