// UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ackwire::format {

bool is_utf8(std::string_view text) noexcept;
/// True when no byte is below 0x20 or 0x7f, and the text holds none of the C1 controls U+0080..U+009F. Requires is_utf8().
bool has_no_controls(std::string_view text) noexcept;
/// `text` with U+FFFD in place of every byte that is not part of a character.
std::string mend_utf8(std::string_view text);
/// The longest start of `text` of at most `bytes` bytes that does not end inside a character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes) noexcept;

}  // namespace ackwire::format
