// ackwire version
#include "ackwire/version.hpp"

#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"

namespace ackwire::cli {

void add_version(CLI::App& root, Invocation& invocation) {
  CLI::App* app = add_command(root, invocation, "version", "the version of this command");
  app->callback([&invocation] {
    invocation.act = [&globals = invocation.globals](Terminal& terminal) -> int {
      static constexpr std::array<Column, 1> columns{{{"version"}}};
      return with_face(globals, terminal, columns, [](const Face& face) -> int {
        if (face.globals.output == Format::table)
          face.terminal.write(fmt::format("ackwire {}\n", version()));
        else
          face.printer.record(Json{{"version", version()}});
        return exit_ok;
      });
    };
  });
}

}  // namespace ackwire::cli
