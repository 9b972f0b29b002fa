// JSON text, parsed with bounds on depth and size.
#pragma once

#include <string>
#include <string_view>

#include "wire/json_value.hpp"

namespace ackwire::wire {

/// What an object with the same member twice means.
enum class RepeatedMembers : bool { last_counts, refused };

/// The object in `text`. Errors: invalid_argument (says where), too_large (longer than `max_bytes`).
Result<Json> parse_object(std::string_view text, std::size_t max_bytes, RepeatedMembers repeated);
/// The string member `name`, which says what the object is. Errors: invalid_argument.
Result<std::string> tag_of(const Json& object, const char* name);

}  // namespace ackwire::wire
