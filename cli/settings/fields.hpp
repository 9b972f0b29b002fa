// The settings of a queue and of the broker as flags and keys of the settings file: the library's table, and where each value goes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "ackwire/broker.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/settings.hpp"

namespace ackwire::cli {

/// A choice is its word.
using Value = std::variant<Duration, std::uint64_t, double, bool, std::string>;

/// A setting, and how it is put into a Target. `help` names the default.
template <class Target>
struct Field {
  Setting setting;
  std::string help;
  std::function<void(Target&, const Value&)> set;

  std::string_view name() const { return setting.name; }
};

/// The policy of a queue.
std::span<const Field<QueueChange>> policy_fields();

/// The broker's store and limits. `section` of the settings file is given by the two tables.
std::span<const Field<BrokerOptions>> store_fields();
std::span<const Field<BrokerOptions>> limit_fields();

/// Reads `text` as the setting is written and checks its limits. The message says what is allowed.
Result<Value> parse_value(std::string_view text, const Setting& setting);

/// Contradictions between members that are set, with the numbers; ok when there are none.
Status check(const QueueChange& change);

}  // namespace ackwire::cli
