// The `ackwire` command.
#include <signal.h>

#include "ackwire/process.hpp"
#include "frame/app.hpp"

int main(int argc, char** argv) {
  ackwire::keep_standard_descriptors();  // before anything is opened: a closed one is no place for a log or a socket
  signal(SIGPIPE, SIG_IGN);  // a reader that has gone is seen as a failed write, so that unprinted messages are not acked
  auto terminal = ackwire::cli::Terminal::standard();
  return ackwire::cli::run({argv + 1, argv + argc}, terminal);
}
