// The refusals of a name that is not there.
#pragma once

#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {

/// `unchanged` says what was not done.
inline Error no_queue(std::string_view queue, std::string_view unchanged = "Nothing was changed.") {
  return {Errc::no_queue,
          "There is no queue " + rules::quote(queue) + ". " + std::string(unchanged) +
              " Create it first; `queue ls` lists those that are there.",
          {},
          {}};
}
inline Error no_group(std::string_view queue, std::string_view group, std::string_view unchanged = "Nothing was changed.") {
  return {Errc::no_group,
          "Queue " + rules::quote(queue) + " has no group " + rules::quote(group) + ". " + std::string(unchanged) +
              " Create it first; `queue info` lists those that are there.",
          {},
          {}};
}

}  // namespace ackwire::engine
