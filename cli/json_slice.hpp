// Picks one value out of a JSON line without re-encoding it: numbers, spacing and order stay as they were written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ackwire::cli {

/// The text of the member `path` of the JSON object `object`; a dot descends into objects, a member whose own name has
/// the dots comes first. Nothing when it is absent. Requires valid JSON.
std::optional<std::string_view> json_member(std::string_view object, std::string_view path);

/// A JSON string without its quotes and escapes; any other value as it is written.
std::string json_text(std::string_view value);

}  // namespace ackwire::cli
