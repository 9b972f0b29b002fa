#include "frame/complete.hpp"

#include <CLI/CLI.hpp>
#include <map>

#include "ackwire/client.hpp"
#include "frame/app.hpp"
#include "frame/session.hpp"

namespace ackwire::cli {
namespace {

constexpr Duration patience{500};  // of a person who pressed Tab

const std::map<std::string_view, std::vector<std::string>> choices{
    {"--output", {"table", "json", "jsonl", "plain"}},
    {"--log-level", {"debug", "info", "warn", "error", "off"}},
    {"--log-format", {"text", "json"}},
    {"--on-expiry", {"dead_letter", "discard"}},
    {"--reason", {"max_attempts", "rejected", "expired", "damaged"}}};

/// What was read of the words before the last.
struct Position {
  const CLI::App* command = nullptr;
  const CLI::Option* awaits = nullptr;  // an option whose value is next
  std::vector<std::string> positionals;
  std::string endpoint;
  bool only_positionals = false;  // behind --
};

const CLI::App* find_below(const CLI::App& command, const std::string& name) {
  const auto found = command.get_subcommands([&name](const CLI::App* below) { return below->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

Position read(const CLI::App& root, const std::vector<std::string>& words) {
  Position at{.command = &root, .awaits = nullptr, .positionals = {}, .endpoint = {}};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (at.awaits != nullptr) {
      if (at.awaits->get_name() == "--endpoint") at.endpoint = word;
      at.awaits = nullptr;
    } else if (!at.only_positionals && word == "--") {
      at.only_positionals = true;
    } else if (!at.only_positionals && word.size() > 1 && word.front() == '-') {
      const auto equals = word.find('=');
      const CLI::Option* option = at.command->get_option_no_throw(word.substr(0, equals));
      if (equals != std::string::npos && word.starts_with("--endpoint=")) at.endpoint = word.substr(equals + 1);
      if (option != nullptr && option->get_expected_min() > 0 && equals == std::string::npos) at.awaits = option;
    } else if (const CLI::App* below = find_below(*at.command, word); below != nullptr) {
      at.command = below;
    } else {
      at.positionals.push_back(word);
    }
  }
  return at;
}

/// The names of queues, or of the groups of one, when a broker answers soon.
std::vector<std::string> live_names(const std::string& named_endpoint, const std::string& groups_of) {
  Globals globals;
  globals.endpoint = named_endpoint;
  ClientOptions options;
  options.name = "ackwire completion";
  options.connect_timeout = options.call_timeout = patience;
  std::vector<std::string> out;
  auto client = Client::connect(endpoint(globals), options);
  if (!client) return out;
  if (!groups_of.empty()) {
    if (const auto info = client->queue_info(groups_of)) {
      for (const GroupInfo& group : info->groups) out.push_back(group.name);
    }
    return out;
  }
  if (const auto queues = client->list_queues()) {
    for (const QueueInfo& queue : *queues) out.push_back(queue.name);
  }
  return out;
}

struct Answer {
  std::vector<std::string> candidates;
  std::string_view rest = ":words";
};

Answer value_of(const Position& at) {
  const std::string option = at.awaits->get_name();
  if (const auto found = choices.find(option); found != choices.end()) return {found->second};
  if (option == "--group") return {live_names(at.endpoint, at.positionals.empty() ? std::string() : at.positionals.front())};
  if (option == "--config" || option == "--file") return {{}, ":files"};
  return {};
}

Answer positional(const Position& at) {
  std::size_t left = at.positionals.size();
  for (const CLI::Option* option : at.command->get_options([](const CLI::Option* one) { return one->get_positional(); })) {
    if (left > 0 && option->get_expected_max() <= 1) {
      --left;
      continue;
    }
    const std::string name = option->get_name();
    const bool makes_one = at.command->get_name() == "create" && at.command->get_parent()->get_name() == "queue";
    if (name == "DIR") return {{}, ":directories"};
    if ((name == "QUEUE" || name == "NAME") && !makes_one) return {live_names(at.endpoint, "")};
    if (name == "GROUP" && at.command->get_name() != "create")
      return {live_names(at.endpoint, at.positionals.empty() ? std::string() : at.positionals.front())};
    return {};
  }
  return {};
}

Answer answer(const CLI::App& root, const std::vector<std::string>& words) {
  const Position at = read(root, words);
  const std::string& unfinished = words.back();
  if (at.awaits != nullptr) return value_of(at);
  if (!at.only_positionals && unfinished.starts_with("-")) {
    Answer options;
    for (const CLI::Option* option : at.command->get_options()) {
      for (const std::string& name : option->get_lnames()) options.candidates.push_back("--" + name);
    }
    return options;
  }
  Answer commands;
  for (const CLI::App* below : at.command->get_subcommands([](const CLI::App*) { return true; }))
    commands.candidates.push_back(below->get_name());
  return commands.candidates.empty() ? positional(at) : commands;
}

}  // namespace

void complete(const std::vector<std::string>& words, Terminal& terminal) {
  if (words.empty()) return;
  Invocation invocation;
  const auto app = make_app(invocation);
  const Answer found = answer(*app, words);
  for (const std::string& candidate : found.candidates) {
    if (candidate.starts_with(words.back())) terminal.write(candidate + "\n");
  }
  terminal.write(std::string(found.rest) + "\n");
  terminal.flush();
}

}  // namespace ackwire::cli
