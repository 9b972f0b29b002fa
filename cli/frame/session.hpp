// What a command acts with: its output, and one connection where it needs one.
#pragma once

#include <functional>

#include "ackwire/client.hpp"
#include "frame/app.hpp"

namespace ackwire::cli {

/// The output side of a command.
struct Face {
  const Globals& globals;
  Terminal& terminal;
  Printer& printer;

  /// Reports the error and returns its exit status.
  int refuse(const Error& error) const;
  /// The same, of a call that does its work bit by bit: exit_partial when a part was done before.
  int refuse_rest(const Error& error) const;
};

/// The endpoint of --endpoint, ACKWIRE_ENDPOINT or the default, in this order.
std::string endpoint(const Globals& globals);

/// Chooses the columns of `view` and hands the face to `act`, which returns the exit status. An unknown column is a usage
/// error, before anything is done.
int with_face(const Globals& globals, Terminal& terminal, View view, const std::function<int(const Face&)>& act);

/// The same, connected. A failure to connect is reported.
int with_client(const Globals& globals, Terminal& terminal, View view, const std::function<int(Client&, const Face&)>& act);

/// Wrong use that only shows after parsing; status 2.
int misuse(Terminal& terminal, std::string_view message, bool json);

}  // namespace ackwire::cli
