#include "session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "exit_code.hpp"
#include "text.hpp"

namespace ackwire::cli {

std::string endpoint(const Globals& globals) {
  if (!globals.endpoint.empty()) return globals.endpoint;
  const char* named = std::getenv("ACKWIRE_ENDPOINT");
  return named != nullptr && *named != '\0' ? named : default_endpoint;
}

int Face::refuse(const Error& error) const {
  report(terminal, error, globals.json());
  return exit_code(error.code);
}

int misuse(Terminal& terminal, std::string_view message, bool json) {
  report_usage(terminal, message, "see `ackwire --help`", json);
  return exit_usage;
}

int with_face(const Globals& globals, Terminal& terminal, View view, const std::function<int(const Face&)>& act) {
  Printer printer(terminal, globals.output, globals.columns);
  if (const Status status = printer.choose(view); !status) return misuse(terminal, status.error().message, globals.json());
  return act(Face{globals, terminal, printer});
}

int with_client(const Globals& globals, Terminal& terminal, View view, const std::function<int(Client&, const Face&)>& act) {
  return with_face(globals, terminal, view, [&](const Face& face) {
    ClientOptions options;
    options.name = fmt::format("ackwire[{}]", getpid());
    options.connect_timeout = std::min(globals.timeout, options.connect_timeout);
    options.call_timeout = globals.timeout;
    auto client = Client::connect(endpoint(globals), options);
    if (client) return act(*client, face);
    Error error = client.error();
    error.message = fmt::format("{} [endpoint {}]", error.message, endpoint(globals));
    return face.refuse(error);
  });
}

}  // namespace ackwire::cli
