// Every setting by name, once: flags, the settings file and the help text read these tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "ackwire/broker.hpp"
#include "ackwire/queue.hpp"

namespace ackwire::cli {

/// How the value of a setting is written.
enum class Kind { duration, bytes, count, real, flag, on_expiry };

using Value = std::variant<Duration, std::uint64_t, double, bool, OnExpiry>;

/// A setting: `least` and `most` are inclusive, in milliseconds, bytes or plain numbers.
template <class Target>
struct Field {
  std::string_view name;
  Kind kind;
  double least, most;
  std::string_view help;
  void (*set)(Target&, const Value&);
};

/// The policy of a queue.
std::span<const Field<QueueChange>> policy_fields();

/// The broker's store and limits. `section` of the settings file is given by the two tables.
std::span<const Field<BrokerOptions>> store_fields();
std::span<const Field<BrokerOptions>> limit_fields();

/// Reads `text` as `kind` and checks the limits. The message says what is allowed.
Result<Value> parse_value(std::string_view text, Kind kind, double least, double most);

/// "30s to 12h": the limits as they are written.
std::string allowed(Kind kind, double least, double most);

/// Contradictions between members that are set, with the numbers; ok when there are none.
Status check(const QueueChange& change);

}  // namespace ackwire::cli
