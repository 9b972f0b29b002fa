// "Did you mean": the known name that is closest to an unknown one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ackwire::cli {

/// The closest of `known`, or empty when none is close (more than two edits and a third of the name away).
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

/// ` (did you mean "X"?)`, or empty.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known);

}  // namespace ackwire::cli
