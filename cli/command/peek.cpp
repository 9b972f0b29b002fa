// ackwire peek QUEUE: look at messages without any effect on them.
#include "ackwire/limits.hpp"

#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "output/describe.hpp"

namespace ackwire::cli {
namespace {

struct PeekOptions {
  std::string queue;
  std::string group = "default";
  std::uint64_t from = 0;
  std::uint64_t count = 10;
  std::uint64_t body_bytes = 64 * 1024;
};

int peek(Client& client, const PeekOptions& options, const Face& face) {
  std::vector<Json> rows;
  std::uint64_t from = options.from;
  while (rows.size() < options.count) {
    const auto want = std::min<std::uint64_t>(options.count - rows.size(), limits::page_messages);
    const auto page = client.peek(options.queue, options.group, from, static_cast<std::uint32_t>(want), options.body_bytes);
    if (!page) return face.refuse(page.error());
    for (const PeekedMessage& message : page->messages) rows.push_back(describe(message));
    if (page->next == 0) break;
    from = page->next;
  }
  face.printer.rows(rows);
  return exit_ok;
}

}  // namespace

void add_peek(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<PeekOptions>();
  CLI::App* app = add_command(root, invocation, "peek", "look at messages that are not settled, without any effect on them");
  app->add_option("QUEUE", options->queue, "the queue")->required();
  app->add_option("--group", options->group, "the group (default \"default\")")->type_name("GROUP");
  add_count(*app, "--from", options->from, "first sequence to show", 0, 1ull << 52);
  add_count(*app, "-n,--count", options->count, "how many at most (default 10)", 1, 1'000'000);
  add_bytes(*app, "--body-bytes", options->body_bytes, "show at most this much of each body (default 64KiB)", 0,
            limits::message_bytes);
  app->callback([&invocation, options] {
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) -> int {
      return with_client(globals, terminal, peek_view(),
                         [&](Client& client, const Face& face) { return peek(client, *options, face); });
    };
  });
}

}  // namespace ackwire::cli
