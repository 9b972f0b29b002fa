// The `ackwire` command.
#include <signal.h>

#include "app.hpp"

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // a reader that has gone is seen as a failed write, so that unprinted messages are not acked
  auto terminal = ackwire::cli::Terminal::standard();
  return ackwire::cli::run({argv + 1, argv + argc}, terminal);
}
