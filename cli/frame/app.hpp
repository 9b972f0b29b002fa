// The command line as a whole: parse everything, then act. Nothing is done before the whole line is known to be right.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ackwire/message.hpp"
#include "frame/terminal.hpp"
#include "output/output.hpp"

namespace CLI {
class App;
}

namespace ackwire::cli {

inline constexpr const char* default_endpoint = "tcp://127.0.0.1:7733";

/// Options that every command takes.
struct Globals {
  std::string endpoint;  ///< empty: ACKWIRE_ENDPOINT, then default_endpoint
  Format output = Format::table;
  std::vector<std::string> columns;
  Duration timeout{30'000};  ///< of each call
  bool no_colour = false;
  bool quiet = false;

  bool json() const { return output == Format::json || output == Format::jsonl; }
};

/// A parsed command line: `act` does it and returns the exit status.
struct Invocation {
  Globals globals;
  std::function<int(Terminal&)> act;
};

/// The whole grammar, bound to `invocation`, which must outlive the App.
std::unique_ptr<CLI::App> make_app(Invocation& invocation);

/// Parses and acts. `arguments` without the program name. Returns the exit status.
int run(std::vector<std::string> arguments, Terminal& terminal);

}  // namespace ackwire::cli
