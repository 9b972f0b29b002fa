// Every setting by name: its unit, what it may be, what it is when nobody says, and what it means, for whoever needs no types. Made
// from the fields of the structures, whose initializers are the defaults.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/field.hpp"

namespace ackwire {

/// `least` and `most` are inclusive; they and `standard` are in milliseconds, bytes or plain numbers.
struct Setting {
  std::string_view name;
  Unit unit = Unit::count;
  double least = 0, most = 0, standard = 0;
  std::string_view meaning = {};
  std::string_view words = {};  ///< of a choice, separated by ", "; the first is the default
};

std::span<const Setting> queue_settings();   ///< QueuePolicy and QueueChange
std::span<const Setting> broker_settings();  ///< BrokerOptions
std::span<const Setting> client_settings();  ///< ClientOptions

/// The setting of that name; requires that there is one.
const Setting& setting(std::span<const Setting> of, std::string_view name);

/// A value as it is written: "30s", "64MiB", "0.5", "1000000".
std::string format_value(Unit unit, double value);

/// Whether `value` is within the limits; a NaN is not. The error ends with `untouched`. Errors: out_of_range.
Status check_setting(const Setting& setting, double value, std::string_view untouched);

/// "100ms to 12h": what a setting may be.
std::string allowed(const Setting& setting);

}  // namespace ackwire
