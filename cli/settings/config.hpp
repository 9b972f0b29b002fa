// The settings file of `ackwire serve` (TOML). Everything that is wrong is reported at once, each with file, line, column.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/broker.hpp"
#include "ackwire/queue.hpp"

namespace ackwire::cli {

inline constexpr std::size_t config_bytes = 1024 * 1024;  ///< a settings file may not be larger

/// What a settings file says; members that it does not mention keep their defaults.
struct ServeConfig {
  std::vector<std::string> listen;
  std::string log_level;
  std::string log_format;
  BrokerOptions broker;
  std::map<std::string, QueueChange> queues;  ///< ensured at start
};

/// Permissions as three octal digits, with a leading 0 or without: "0660". Errors: invalid_argument.
Result<std::uint32_t> parse_socket_mode(std::string_view text);

/// One thing that is wrong.
struct ConfigProblem {
  std::string file;
  std::uint32_t line = 0, column = 0;  ///< from 1; 0 = the file as a whole
  std::string message;
};

/// "file:line:column: message".
std::string to_string(const ConfigProblem& problem);

/// Reads `text`; `config` is usable only when no problem comes back. `file` is for the messages.
std::vector<ConfigProblem> parse_config(std::string_view text, const std::string& file, ServeConfig& config);

/// The same from a file. A file that cannot be read is a problem too.
std::vector<ConfigProblem> load_config(const std::string& file, ServeConfig& config);

}  // namespace ackwire::cli
