#include "frame/terminal.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace ackwire::cli {

Terminal Terminal::standard() {
  Terminal terminal;
  terminal.in_is_terminal = isatty(STDIN_FILENO) == 1;
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.colour = terminal.out_is_terminal && (no_colour == nullptr || *no_colour == '\0');
  return terminal;
}

bool Terminal::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size()) return true;
  return failed();
}

bool Terminal::flush() {
  if (std::fflush(out) == 0) return std::ferror(out) == 0;
  return failed();
}

bool Terminal::failed() {
  if (write_error == 0) write_error = errno;
  reader_gone = reader_gone || errno == EPIPE;
  return false;
}

void Terminal::line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), err);
  std::fputc('\n', err);
  std::fflush(err);
}

bool Terminal::confirm(std::string_view question) {
  fmt::print(err, "{} [y/N] ", question);
  std::fflush(err);
  std::string answer;
  for (int c = std::fgetc(in); c != EOF && c != '\n'; c = std::fgetc(in)) answer += static_cast<char>(c);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace ackwire::cli
