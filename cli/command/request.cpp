// ackwire request [VERB] [MEMBERS]: any verb by its name, for what has no command of its own.
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/nearest.hpp"
#include "frame/session.hpp"

namespace ackwire::cli {
namespace {

struct RequestOptions {
  std::string verb;
  std::string members;
};

int list(Terminal& terminal) {
  for (const std::string_view verb : Connection::verbs()) terminal.write(std::string(verb) + "\n");
  return terminal.flush() ? exit_ok : exit_error;
}

int request(Client& client, const RequestOptions& options, const Face& face) {
  const auto reply = client.request(options.verb, options.members);
  if (!reply) return face.refuse(reply.error());
  face.terminal.write(Json::parse(*reply).dump(face.globals.output == Format::jsonl ? -1 : 2) + "\n");
  return exit_ok;
}

}  // namespace

void add_request(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<RequestOptions>();
  CLI::App* app =
      add_command(root, invocation, "request", "any verb by its name, with the reply as JSON; without a name: which there are");
  app->add_option("VERB", options->verb, "as in docs/reference.md, e.g. get_queue");
  app->add_option("MEMBERS", options->members, "what it takes, a JSON object, e.g. '{\"queue\": \"orders\"}'");
  app->callback([&invocation, options] {
    const auto verbs = Connection::verbs();
    if (!options->verb.empty() && std::find(verbs.begin(), verbs.end(), options->verb) == verbs.end()) {
      throw CLI::ValidationError("VERB", fmt::format("there is no verb \"{}\"{}; there are: {}", options->verb,
                                                     did_you_mean(options->verb, verbs), fmt::join(verbs, ", ")));
    }
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) -> int {
      if (options->verb.empty()) return list(terminal);
      return with_client(globals, terminal, {}, [&](Client& client, const Face& face) { return request(client, *options, face); });
    };
  });
}

}  // namespace ackwire::cli
