// Requests and replies as JSON (UTF-8), both directions. docs/protocol.md lists every member.
//
// Durations and times are integers of milliseconds in members that end in _ms; bytes are base64 in members that end in _base64;
// enum values and error codes are their snake_case names. A member that nobody knows is ignored, so that a newer peer may say more;
// in a request only when its `must_understand` does not name it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "model/request.hpp"
#include "wire/json_value.hpp"

namespace ackwire::wire {

/// Text of a request is at most this long.
inline constexpr std::size_t request_bytes = 256 * 1024;
/// Objects and arrays inside each other.
inline constexpr std::size_t json_depth = 16;

/// Errors: invalid_argument (a name is not UTF-8).
Result<std::string> to_json(const model::Request& request);
/// Errors: invalid_argument (not JSON; a member missing, of the wrong form or not to be ignored; the text names it), out_of_range,
/// too_large.
Result<model::Request> request_from_json(std::string_view text, Unknown unknown = Unknown::members_ignored);

/// The request `verb` with the members in the object `members`, checked as what a caller of this program wrote: a verb or member
/// that is not known is refused.
Result<model::Request> request_of(std::string_view verb, std::string_view members);

/// Text that is not UTF-8 is sent with replacement characters. A reply that would not fit a frame leaves out optional members
/// that have their default value (many queues fit then); if that is not enough, it becomes the Error too_large.
std::string to_json(const model::Reply& reply);
/// The same, behind what `out` has.
void append_json(std::string& out, const model::Reply& reply);
/// Errors: invalid_argument. A reply that is an Error is a value here.
Result<model::Reply> reply_from_json(std::string_view text);

/// Whole frames.
Status encode(std::string& out, std::uint32_t request, const model::Request& what);
void encode(std::string& out, std::uint32_t request, const model::Reply& reply);

}  // namespace ackwire::wire
