// Where a command reads and writes: data goes to `out`, everything said to a person goes to `err`.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace ackwire::cli {

/// The three streams of a command and what is known about them. Tests pass memory streams.
struct Terminal {
  std::FILE* in = stdin;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;       ///< of `out`; never set when NO_COLOR is, or without a terminal
  bool quiet = false;        ///< nothing but errors on `err`
  int write_error = 0;       ///< the first errno of `out`, 0 while all is well
  bool reader_gone = false;  ///< set when `out` was closed by its reader, who has seen enough: not an error

  /// The process's own streams.
  static Terminal standard();

  /// Data. False when the reader has gone or the disk is full.
  bool write(std::string_view bytes);
  /// Sends what was written so far. False as for write().
  bool flush();
  /// Chatter: one line on `err`, nothing when quiet.
  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    if (!quiet) line(fmt::format(text, std::forward<Args>(args)...));
  }
  /// One line on `err`, always.
  void line(std::string_view text);
  /// Asks on `err` and reads a line from `in`; true for "y" or "yes". Only with a terminal on both.
  bool confirm(std::string_view question);
  bool can_ask() const { return in_is_terminal && err_is_terminal; }

 private:
  bool failed();
};

}  // namespace ackwire::cli
