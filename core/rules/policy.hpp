// Which names and policies are legal.
#pragma once

#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/queue.hpp"

namespace ackwire::rules {

/// Queue and group names: 1 to limits::name_bytes of letters, digits and . _ - : (ASCII), not starting with a dot.
/// ASCII only, so that no two names look alike and none can be a path. `what` is "queue" or "group".
Status check_name(std::string_view what, std::string_view name);

/// Every limit of QueuePolicy; the text names the member, its value and the range.
Status check_policy(const QueuePolicy& policy);

/// "max_attempts 10 -> 5, ttl 0s -> 7d": the members in which two policies differ.
std::string difference(const QueuePolicy& before, const QueuePolicy& after);

/// The policy with the members of `change` that are set.
QueuePolicy apply(const QueuePolicy& policy, const QueueChange& change);

/// Cuts consumer-given text at limits::error_text_bytes, at a UTF-8 boundary, with an ellipsis where it was cut.
std::string cut_text(std::string_view text);

}  // namespace ackwire::rules
