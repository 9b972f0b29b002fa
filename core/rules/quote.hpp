// A name or value from outside, as it stands in the text of an error.
#pragma once

#include <string>
#include <string_view>

namespace ackwire::rules {

/// 'orders'. What would change the line it is printed in (control characters, line separators, marks of writing direction, the
/// quote, the backslash) is written as \xNN for each byte, and more than limits::name_bytes are cut to "...". Bytes that are not
/// UTF-8 stay: every writer of texts mends them.
std::string quote(std::string_view text);
/// The first character of `text`, quoted. Requires that there is one.
std::string quote_first(std::string_view text);

}  // namespace ackwire::rules
