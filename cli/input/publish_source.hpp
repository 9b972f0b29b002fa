// Where `ackwire pub` takes its messages from: arguments, lines, a whole stream, or JSON Lines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ackwire/error.hpp"

namespace ackwire::cli {

inline constexpr std::size_t line_bytes = 8 * 1024 * 1024;  ///< longest line that is read: a body of 1 MiB, fully escaped, fits

/// One message to publish. Owns its bytes, since a refused batch is sent again.
struct Outgoing {
  std::string body, idempotency_key, ordering_key;
  std::uint64_t place = 0;  ///< argument or line it came from, from 1
};

class Source {
 public:
  virtual ~Source() = default;
  /// The next message into `out`; false at the end. An error names the place and ends the source.
  virtual Result<bool> next(Outgoing& out) = 0;
  /// True: next() would not have to wait for input.
  virtual bool ready() const { return true; }
  /// Share that was read, 0 to 1; negative when it is not known.
  virtual double progress() const { return -1; }
  /// "argument" or "line".
  virtual std::string_view unit() const { return "line"; }
};

/// True: stop waiting for input, as at the end of it.
using Stop = std::function<bool()>;

/// Where keys and the body are in a JSON line; empty: not taken (the body is then the whole line).
struct JsonFields {
  std::string body, idempotency_key, ordering_key;
};

std::unique_ptr<Source> arguments_source(std::vector<std::string> bodies);
/// Reads from the descriptor, which stays the caller's.
std::unique_ptr<Source> lines_source(int descriptor, Stop stop);
std::unique_ptr<Source> whole_source(int descriptor, Stop stop);
std::unique_ptr<Source> json_source(int descriptor, JsonFields fields, Stop stop);

}  // namespace ackwire::cli
