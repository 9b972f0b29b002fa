// Bytes that may be anything, made safe to show or to put into JSON.
#pragma once

#include <string>
#include <string_view>

namespace ackwire::cli {

/// True: well-formed UTF-8 (no surrogates, no overlong forms).
bool valid_utf8(std::string_view bytes);

/// How many bytes from the front are well-formed UTF-8.
std::size_t valid_prefix(std::string_view bytes);

/// One line that cannot steer a terminal: control characters, line ends, bidirectional overrides and bytes that are not
/// UTF-8 become \n, \t, \xNN or \u{NNNN}; everything else stays.
std::string printable(std::string_view bytes);

/// Standard base64 with padding.
std::string base64(std::string_view bytes);

/// Columns a terminal needs for it, taking each code point as one.
std::size_t display_width(std::string_view utf8);

/// The first `columns` code points, with an ellipsis as the last when something was cut.
std::string shorten(std::string_view utf8, std::size_t columns);

}  // namespace ackwire::cli
