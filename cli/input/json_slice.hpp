// Picks one value out of a JSON line without re-encoding it: numbers, spacing and order stay as they were written. Nothing is
// converted, so numbers of any size, half surrogates and any depth pass.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ackwire::cli {

/// Where a text is not JSON, and why.
struct JsonFault {
  std::size_t at = 0;  ///< byte, from 0
  std::string cause;
};

/// Whether `text` is one JSON object (RFC 8259) and nothing else. Nothing when it is.
std::optional<JsonFault> find_json_fault(std::string_view text);

/// The text of the member `path` of the JSON object `object`; a dot descends into objects, a member whose own name has
/// the dots comes first, and of members with one name the last counts. Nothing when it is absent. Requires valid JSON.
std::optional<std::string_view> json_member(std::string_view object, std::string_view path);

/// A JSON string without its quotes and escapes; any other value as it is written. Half of a surrogate pair becomes the three bytes
/// that its number has in the manner of UTF-8.
std::string json_text(std::string_view value);

/// The first escape of a JSON string that is half of a surrogate pair: its place in `value`.
std::optional<std::size_t> find_half_surrogate(std::string_view value);

}  // namespace ackwire::cli
