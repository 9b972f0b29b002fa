#include "frame/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "frame/exit_code.hpp"
#include "output/text.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {

namespace {

constexpr Duration said_after{300};  // a refused connection is refused long before

/// Waits, and says at once what is in the way and that it is tried again.
Status wait_for_broker(Client& client, Duration patience, Terminal& terminal) {
  const Duration first = std::min(patience, said_after);
  Status connected = client.wait_connected(first);
  if (connected || connected.error().code != Errc::timeout || first == patience) return connected;
  if (const std::string trouble = client.unreachable(); !trouble.empty())
    terminal.say("ackwire: {} Trying again for {}.", printable(trouble), format_duration(patience));
  const Duration rest = patience - first;
  connected = client.wait_connected(rest);
  if (connected || connected.error().code != Errc::timeout) return connected;
  Error error = connected.error();
  error.message = fmt::format("The broker had no answer within {}. {}", format_duration(patience), client.unreachable());
  return error;
}

}  // namespace

std::string endpoint(const Globals& globals) {
  if (!globals.endpoint.empty()) return globals.endpoint;
  const char* named = std::getenv("ACKWIRE_ENDPOINT");
  return named != nullptr && *named != '\0' ? named : default_endpoint;
}

int Face::refuse(const Error& error) const {
  report(terminal, error, globals.json());
  return exit_code(error.code);
}

int Face::refuse_rest(const Error& error) const {
  const int status = refuse(error);
  return error.index.value_or(0) > 0 ? exit_partial : status;
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
    const Duration patience = std::min(globals.timeout, options.connect_timeout);
    options.connect_timeout = Duration{0};
    options.call_timeout = globals.timeout;
    auto client = Client::connect(endpoint(globals), options);
    if (!client) return face.refuse(client.error());
    if (const Status connected = wait_for_broker(*client, patience, terminal); !connected) return face.refuse(connected.error());
    return act(*client, face);
  });
}

}  // namespace ackwire::cli
